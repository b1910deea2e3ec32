"""
`certbot <https://certbot.eff.org/>`__ for accounts on a shared host, whose web server belongs to a
control panel. The plugin answers the CA's challenges on the websites of an account, uploads
certificates to its panel, attaches them to the websites that they are for, redirects http to https,
and renews, all without root.

Its plugins are ``webfaction``, ``cpanel`` and ``opalstack``, one for each host; each answers both
kinds of challenges, so also for wildcards, and installs. The lines below are for WebFaction: write
the name of yours instead, and ``--host NAME`` behind ``certbot-webfaction init``.

Commands
--------

Set certbot up for an account, and get and install a first certificate::

    certbot-webfaction init
    certbot run -a webfaction -i webfaction -d example.com -d www.example.com

Get https for every website of the account that has none; run again, it does what is missing::

    certbot-webfaction secure

Renew whatever is due, from cron, for ever; uploads that failed are made up for::

    certbot renew -q

Take back what a run that also redirected changed on the panel; without the number, its last step::

    certbot rollback -i webfaction --checkpoints 2

``certbot-webfaction status`` shows an account, ``certbot-webfaction doctor`` checks it and says
what to do about what is wrong.

Options
-------

They can stand on certbot's command line or in its ``cli.ini``, and are kept for renewals. HOST is
the name of the plugin.

``--HOST-credentials FILE``
    The credentials file. Default: ``HOST.ini`` in certbot's configuration directory.

``--HOST-api-url URL``
    The address of the panel's API.

``--HOST-files {auto,local,api}``
    Whether files are written on this machine, or over the API from anywhere, which Opalstack's does
    not do. Default: ``auto``.

``--HOST-wait SECONDS``
    The longest wait until the web server serves a challenge file or a new certificate; 0: neither
    is checked. Default: 120.

``--HOST-connect-to ADDRESS[:HTTP_PORT[:HTTPS_PORT]]``
    Where to look for challenge files and served certificates, instead of where DNS points.

``--HOST-propagation-seconds SECONDS``
    The longest wait until all name servers of a domain show the record that answers a challenge; 0:
    they are not asked. Default: 120.

``--HOST-nameserver ADDRESS[:PORT]``
    The name server to ask for such records, instead of the domain's own.

``--webfaction-app NAME``, ``--opalstack-app NAME``
    The app that holds challenge files. Default: on WebFaction found for each website;
    ``letsencrypt`` where one has to be made.

``--webfaction-app-type TYPE``
    The type of apps that are made. Default: ``static_php70``.

``--dns-webfaction-credentials FILE``, ``--dns-webfaction-propagation-seconds SECONDS``
    For the older authenticator ``dns-webfaction``, which only answers through DNS: its credentials
    file, and how long it waits before the CA looks. Default: 60.

Credentials
-----------

The credentials file is for nobody else to read (mode 0600). ``certbot-webfaction init`` writes it,
with the quotes that a value with a ``#``, a comma, quotes or outer spaces needs. On WebFaction it
holds the user name and the password of the control panel::

    webfaction_username = alice
    webfaction_password = '''correct horse "battery" # staple'''
    # optional: the machine (accounts with one need none), the API's address
    webfaction_machine = Web500
    webfaction_api_url = https://api.webfaction.com/

On Opalstack it holds an API token, ``opalstack_token``. In a shell of a cPanel host none is needed;
elsewhere it holds ``cpanel_host``, ``cpanel_username`` and an API token, ``cpanel_token``.

.. caution::

    Whoever reads this file can do with the account what its owner can, unless the host gave a token
    that may do less. certbot keeps only its path for renewals, and neither log nor error shows what
    is in it.
"""
