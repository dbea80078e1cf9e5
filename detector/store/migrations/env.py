"""How Alembic reaches the database: through the connection that ``store/migrate.py`` hands it."""

from alembic import context

from detector.store.schema import metadata


def run() -> None:
    """Apply the steps inside the transaction of the given connection."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic runs this file; importing it does nothing
    run()
