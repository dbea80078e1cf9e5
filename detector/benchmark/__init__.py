"""Scores what the service tells against what is known to have happened.

Compared: ``truth`` and ``alarms``, by ``matching``. Counted: ``statistics``, ``scoring``,
``sweep``, ``mistakes``; boxes and tracks in ``frames`` and ``identity``. Run: ``runs``,
``accuracy``; ``mot`` makes truth files. Told: ``report`` is the result, ``markdown`` and ``page``
lay out what ``tables``, ``details`` and ``plots`` (of ``canvas``, ``bars``, ``curves``) make of it,
``strip`` shows what went wrong, ``baseline`` compares two reports.
"""
