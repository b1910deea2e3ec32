"""The host behind one interface: model, interface, and the client for WebFaction."""
