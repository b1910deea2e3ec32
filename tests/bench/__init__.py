"""The benchmark: what the plugin costs, beside stock certbot with and without the guide's script.

``python -m tests.bench`` measures, prints the tables, writes them into the documentation and fails
if a bar is missed; ``--quick`` is a small run that writes nothing.
"""
