"""Opalstack on this machine: a faithful stand-in for its panel and servers, with real servers.

with OpalstackSandbox() as sandbox:
    app = sandbox.account.add_app("blog", "STA")
    sandbox.account.add_site("blog", ["example.com"], {"/": app})
    print(sandbox.http("example.com").text)

What it enforces is from the project's description of the host's API ("the specification" here).
Where no source says what the host does, `Switches` has a switch, and tests hold for both positions.
"""
