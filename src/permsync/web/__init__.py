"""The HTTP side: the API for programs, sign-in and linking for browsers, and health."""
