from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="certbot-webfaction",
    version="0.2.0",
    description="Let's Encrypt certificates on WebFaction, cPanel and Opalstack: issued, installed and renewed by certbot, without root",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=find_packages(include=["certbot_webfaction", "certbot_webfaction.*"]),
    package_data={"certbot_webfaction": ["py.typed"]},
    install_requires=[
        "certbot>=2.1",
        "acme>=2.1",
        "zope.interface",
        "dnspython>=2.3",  # asks name servers whether they show what answers a challenge
        # certbot brings these.
        "configobj",
        "cryptography",
        "idna",
        "requests",
        "urllib3",
    ],
    extras_require={
        # The sandbox: a real Django site on a real WSGI server.
        "sandbox": ["Django>=4.2", "waitress"],
        "test": [
            "build",
            "coverage>=7.10",  # which follows forks and subprocesses by itself
            "hypothesis",
            "mypy",
            "mypy-zope",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "radon",
            "ruff",
            "setuptools>=70.1",  # which builds wheels by itself; tests build without isolation
            "Sphinx",
            "twine",
            "types-requests",
        ],
        # What the unit tests need on each other Python: see tests/pythons.py.
        "unit": ["hypothesis", "pytest", "pytest-timeout", "pytest-xdist"],
    },
    entry_points={
        "certbot.plugins": [
            "webfaction = certbot_webfaction.plugin.webfaction:Configurator",
            "dns-webfaction = certbot_webfaction.plugin.webfaction:DnsAuthenticator",
            "opalstack = certbot_webfaction.plugin.opalstack:Configurator",
            "cpanel = certbot_webfaction.plugin.cpanel:Configurator",
        ],
        "console_scripts": [
            "certbot-webfaction = certbot_webfaction.command:main",
        ],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Plugins",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: WWW/HTTP",
        "Topic :: Security",
        "Topic :: System :: Systems Administration",
    ],
)
