"""The sandbox: a faithful stand-in for WebFaction and the world around it, with real servers.

with Sandbox() as sandbox:
    sandbox.host.add_app("blog", "static_php70")
    sandbox.host.add_website("blog", ("example.com",), (("blog", "/"),))
    sandbox.certbot("run", "-a", "webfaction", "-i", "webfaction", "-d", "example.com")
    print(sandbox.fetch_verified("example.com").text)
"""
