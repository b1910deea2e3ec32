"""A small Django project as the host's users have it, set up for https behind the front end."""

SECRET_KEY = "made-up, and used for one page of a sandbox only"
DEBUG = False
ALLOWED_HOSTS = ["example.com", "www.example.com"]
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
# The front end ends TLS and tells so: https://docs.djangoproject.com/en/stable/ref/settings/
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = 3600
