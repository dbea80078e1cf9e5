"""Scores what the service tells against what is known to have happened.

``truth`` and ``alarms`` are what is compared, ``matching`` compares them, ``statistics`` and
``scoring`` count, ``frames`` scores boxes and tracks, ``runs`` and ``accuracy`` run recordings,
``report`` is the result.
"""
