"""
What Alembic runs to apply the migrations on the connection that it was handed.

It must not make connections or read settings: ``store.migrate`` owns both.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
context.run_migrations()
