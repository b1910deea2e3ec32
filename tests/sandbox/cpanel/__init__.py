"""A faithful stand-in for an account at a cPanel host and the world around it, with real servers.

with CpanelSandbox() as sandbox:
    sandbox.account.add_addon("shop.example")
    sandbox.certbot("run", "-a", "cpanel", "-i", "cpanel", "-d", "shop.example")
    print(sandbox.fetch_verified("shop.example").text)
"""
