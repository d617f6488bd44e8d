"""
The only SQL of the service, enqueueing included; frozen facts leave it and nothing else.

What is decided here: how facts lie in PostgreSQL, which statements form one transaction,
and how the embedded PostgreSQL is run. What this package must not know: what the facts
mean (``permsync.rules``), where settings come from, and who asks.
"""
