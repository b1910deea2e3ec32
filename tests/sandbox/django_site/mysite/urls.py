"""One page, which says how Django saw the request."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def home(request: HttpRequest) -> HttpResponse:
    """Greet; tell the address and whether it was secure."""
    how = "securely" if request.is_secure() else "in plain text"
    address = request.build_absolute_uri()
    return HttpResponse(f"Hello from Django, {how}, at {address}\n", content_type="text/plain")


urlpatterns = [path("", home)]
