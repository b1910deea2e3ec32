"""
`certbot <https://certbot.eff.org/>`__ for accounts on a shared host, whose web server belongs to a
control panel. The plugin answers the CA's challenges on the websites of an account, uploads
certificates to its panel, attaches them to the websites that they are for, redirects http to https,
and renews, all without root.

Commands
--------

Set certbot up for an account, and get and install a first certificate::

    certbot-webfaction init
    certbot run -a webfaction -i webfaction -d example.com -d www.example.com

Get https for every website of the account that has none; run again, it does what is missing::

    certbot-webfaction secure

Renew whatever is due, from cron, for ever; uploads that failed are made up for::

    certbot renew -q

Take back what the last run changed on the panel::

    certbot rollback -i webfaction

``certbot-webfaction status`` shows an account, ``certbot-webfaction doctor`` checks it and says
what to do about what is wrong.

Options
-------

They can stand on certbot's command line or in its ``cli.ini``, and are kept for renewals.

``--webfaction-credentials FILE``
    The credentials file. Default: ``webfaction.ini`` in certbot's configuration directory.

``--webfaction-api-url URL``
    The address of the panel's API.

``--webfaction-app NAME``
    The app that holds challenge files. Default: found for each website; ``letsencrypt`` where one
    has to be made.

``--webfaction-app-type TYPE``
    The type of apps that are made. Default: ``static_php70``.

``--webfaction-files {auto,local,api}``
    Whether files are written on this machine, or over the API from anywhere. Default: ``auto``.

``--webfaction-wait SECONDS``
    The longest wait until the web server serves a challenge file or a new certificate; 0: neither
    is checked. Default: 120.

``--webfaction-connect-to ADDRESS[:HTTP_PORT[:HTTPS_PORT]]``
    Where to look for challenge files and served certificates, instead of where DNS points.

``--dns-webfaction-credentials FILE``, ``--dns-webfaction-propagation-seconds SECONDS``
    For the authenticator ``dns-webfaction``, which gets wildcards through the panel's DNS: its
    credentials file, and how long it waits before the CA looks. Default: 60.

Credentials
-----------

The credentials file holds the user name and the password of the control panel, and nobody else may
read it (mode 0600). ``certbot-webfaction init`` writes it, with the quotes that a value with a
``#``, a comma, quotes or outer spaces needs::

    webfaction_username = alice
    webfaction_password = '''correct horse "battery" # staple'''
    # optional: the machine (accounts with one need none), the API's address
    webfaction_machine = Web500
    webfaction_api_url = https://api.webfaction.com/

.. caution::

    Whoever reads this file can do with the account what its owner can: WebFaction has no narrower
    credentials. certbot keeps only its path for renewals, and neither log nor error shows what is
    in it.
"""
