"""Alembic's environment of the event store; see ``docs/store.md`` for how to add a migration."""
