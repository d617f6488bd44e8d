"""
The RSA keys that the pretend OpenID provider signs with, as JSON Web Keys.

A process makes its first key once and gives it to every new world, because making one takes a
quarter of a second. Knows nothing of tokens.
"""

from functools import cache

from joserfc.jwk import RSAKey

PrivateKey = dict[str, str | list[str]]


def new_key() -> PrivateKey:
    """A key that nobody has seen before."""
    return dict(RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True))


@cache
def usual_key() -> PrivateKey:
    """The key of this process's worlds until they ask for a new one."""
    return new_key()
