"""A YAML file as plain values that remember the line each of them stands on."""

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from detector.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]
SECRET = re.compile(r"\{((?:DETECTOR|FRIGATE)_[A-Z0-9_]+)\}")
"""``{DETECTOR_NAME}`` in a text stands for that environment variable; Frigate's prefix works."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds.

    Attributes:
        name: the file, for messages.
        values: its content as mappings, lists and scalars.
        lines: line number (from 1) of every key and list item, by its path.
    """

    name: str
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def where(self, path: KeyPath) -> str:
        """Name a place as ``file:line key.path``; falls back to the nearest enclosing key."""
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.lines), ())
        line = f":{self.lines[known]}" if known else ""
        return f"{self.name}{line} {dotted(path)}".rstrip()


def dotted(path: KeyPath) -> str:
    """Write a path the way people do.

    >>> dotted(("cameras", "north", "ffmpeg", "inputs", 0, "path"))
    'cameras.north.ffmpeg.inputs[0].path'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def parse(text: str, name: str, environment: Mapping[str, str]) -> Document:
    """Read YAML text.

    Raises:
        ConfigError: no YAML, not a mapping, a key given twice, or an environment variable that
            is not set.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigError(Problem(where, "valid YAML", str(error.problem))) from error
    except yaml.YAMLError as error:
        raise ConfigError(Problem(name, "valid YAML", str(error))) from error
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(Problem(name, "a mapping with `cameras:`", "something else or nothing"))
    problems = list(_duplicates(root, name, ()))
    if problems:
        raise ConfigError(*problems)
    lines = dict(_lines(root, ()))
    values = yaml.load(text, Loader=yaml.SafeLoader)
    document = Document(name, values, lines)
    missing = [
        Problem(document.where(path), f"environment variable {key} to be set", "nothing")
        for path, value in _texts(values, ())
        for key in SECRET.findall(value)
        if key not in environment
    ]
    if missing:
        raise ConfigError(*missing)
    return Document(name, _substituted(values, environment), lines)


def _key(node: yaml.Node) -> str:
    return str(node.value)


def _duplicates(node: yaml.Node, name: str, path: KeyPath) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        first: dict[Hashable, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            here = (*path, _key(key))
            if _key(key) in first:
                yield Problem(
                    f"{name}:{line} {dotted(here)}",
                    "each name once",
                    f"the same name as in line {first[_key(key)]}",
                )
            first.setdefault(_key(key), line)
            yield from _duplicates(value, name, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _duplicates(item, name, (*path, index))


def _lines(node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, _key(key))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            here = (*path, index)
            yield here, item.start_mark.line + 1
            yield from _lines(item, here)


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


def _substituted(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return SECRET.sub(lambda match: environment[match[1]], value)
    if isinstance(value, Mapping):
        return {str(key): _substituted(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, environment) for item in value]
    return value
