"""The benchmark: what the plugin costs on each host, beside stock certbot with and without a hook.

``python -m tests.bench`` measures, prints the tables, writes them into the documentation and fails
if a bar is missed; ``--host`` names one host, ``--quick`` is a small run that writes nothing.
"""
