"""Checks a sealed evidence package: ``python3 verify.py PACKAGE.zip [--public-key KEY]``.

Needs Python 3.11 or later and nothing else; a copy of this file is in every package as
``verify.py``. It proves that nothing was altered since the package was sealed with the key that
lies in it. Whose key that is, a package cannot prove: get the key's 64 digits from whoever ran the
service, on another way than the package, and give them as ``--public-key``. Somebody who forges a
package can forge the ``verify.py`` in it too, so take this file from elsewhere where that matters.

The archive has one form only: no compression, no dates, no comments, nothing between the files.
Every byte of it is therefore either in a file or follows from the files, and is compared.

Signatures are Ed25519 as RFC 8032 (5.1.3, 5.1.7) describes it, in the strict form: every number
must be written in its one canonical way, and R is compared as bytes.
"""

import argparse
import hashlib
import io
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

ALTERED = 6
"""Exit code for a package that is not whole."""
MANIFEST, SIGNATURE, KEY, CUSTODY = (
    "manifest.json",
    "manifest.sig",
    "public_key.txt",
    "custody.jsonl",
)
SEAL = (KEY, MANIFEST, SIGNATURE)
"""The last files of the archive; all others are listed in the manifest, in their order."""
MOST_READ_BYTES = 1 << 28
MOST_OFFSET, MOST_FILES = 2**32 - 1, 2**16 - 1
"""Limits of the archive's form: ZIP without its 64-bit extension."""
CHUNK_BYTES = 1 << 20

# --- Ed25519 --------------------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
"""X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""


def _decoded(data: bytes) -> Point | None:
    """Give the point that 32 bytes stand for; None where they stand for none (RFC 8032, 5.1.3)."""
    number = int.from_bytes(data, "little")
    y, sign = number % 2**255, number >> 255
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * ROOT_OF_MINUS_1 % P
    if (v * x * x - u) % P != 0 or (x == 0 and sign):
        return None
    x = P - x if x % 2 != sign else x
    return x, y, 1, x * y % P


def _sum(a: Point, b: Point) -> Point:
    """Add two points (RFC 8032, 5.1.4)."""
    e1, e2 = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = e2 - e1, d - c, d + c, e2 + e1
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _sum(total, point)
        point, number = _sum(point, point), number >> 1
    return total


def _encoded(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = _decoded((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signature_fits(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the 64 bytes of ``signature`` over ``message`` were made with the 32 bytes' key."""
    if len(public_key) != 32 or len(signature) != 64:  # noqa: PLR2004
        return False
    key, s = _decoded(public_key), int.from_bytes(signature[32:], "little")
    if key is None or BASE is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    minus_key = (P - key[0], key[1], key[2], P - key[3])
    return _encoded(_sum(_times(s, BASE), _times(k, minus_key))) == signature[:32]


# --- the archive ----------------------------------------------------------------------------------

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_JANUARY_1980 = 0x21
_PLAIN_FILE = 0o100644 << 16


class Member(NamedTuple):
    """One file of the archive; ``offset`` is where its header begins."""

    name: str
    offset: int
    crc: int
    size: int
    sha256: str = ""


def local_header(member: Member) -> bytes:
    """Give what stands in the archive before the file's own bytes."""
    name = member.name.encode("ascii", "replace")
    sizes = (member.crc, member.size, member.size)
    return _LOCAL.pack(b"PK\3\4", 10, 0, 0, 0, _JANUARY_1980, *sizes, len(name), 0) + name


def directory(members: Iterable[Member], offset: int) -> bytes:
    """Give the end of an archive, from ``offset`` on."""
    records = []
    for member in members:
        name = member.name.encode("ascii", "replace")
        head = (b"PK\1\2", 0x0314, 10, 0, 0, 0, _JANUARY_1980, member.crc, member.size, member.size)
        records.append(
            _CENTRAL.pack(*head, len(name), 0, 0, 0, 0, _PLAIN_FILE, member.offset) + name
        )
    size, count = sum(map(len, records)), len(records)
    return b"".join(
        [*records, _END.pack(b"PK\5\6", 0, 0, count, count, size, offset & MOST_OFFSET, 0)]
    )


class Finding(NamedTuple):
    """What is wrong with which file (or ``archive`` for what lies around the files)."""

    file: str
    what: str


class Contents(NamedTuple):
    """What was read: files in their order, the text of those that are evaluated, faults."""

    members: list[Member]
    texts: dict[str, bytes]
    findings: list[Finding]
    broken: bool


def read_archive(file: BinaryIO) -> Contents:
    """Read from the first byte to the last and compare all that is in no file."""
    members: list[Member] = []
    as_headed: list[Member] = []
    texts: dict[str, bytes] = {}
    findings: list[Finding] = []
    while True:
        offset, head = file.tell(), file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
            break
        if offset > MOST_OFFSET or len(members) == MOST_FILES:
            break
        *_, crc, size, _size, name_length, _extra = _LOCAL.unpack(head)
        raw_name = file.read(name_length)
        name = raw_name.decode("ascii", "replace")
        member, text = _member(file, name, offset, size)
        members.append(member)
        as_headed.append(member._replace(crc=crc, size=size))
        if text is not None:
            texts[name] = text
        if crc == member.crc and size == member.size:
            if head + raw_name != local_header(member):
                findings.append(Finding(name, "its header in the archive was altered"))
        else:
            findings.append(Finding(name, "its content or its checksum was altered"))
    expected = directory(members, offset)
    found = head + file.read(max(0, len(expected) - len(head)) + 1)
    # Where content was altered, the directory repeats what the file's own header says.
    if found in (expected, directory(as_headed, offset)):
        return Contents(members, texts, findings, broken=False)
    if findings and findings[-1].file == members[-1].name:
        # The length of the last file is in doubt: that nothing fits behind it follows from that.
        return Contents(members, texts, findings, broken=True)
    pairs = zip(found, expected, strict=False)
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(found), len(expected)))
    before = f"after {members[-1].name}" if members else "at its beginning"
    what = f"altered at byte {offset + same}, {before}: expected a further file or the directory"
    return Contents(members, texts, [*findings, Finding("archive", what)], broken=True)


def _member(file: BinaryIO, name: str, offset: int, size: int) -> tuple[Member, bytes | None]:
    digest, crc, left, kept = hashlib.sha256(), 0, size, []
    is_kept = name in {*SEAL, CUSTODY} and size <= MOST_READ_BYTES
    while left and (chunk := file.read(min(CHUNK_BYTES, left))):
        digest.update(chunk)
        crc, left = zlib.crc32(chunk, crc), left - len(chunk)
        if is_kept:
            kept.append(chunk)
    member = Member(name, offset, crc, size - left, digest.hexdigest())
    return member, b"".join(kept) if is_kept else None


# --- what it must say -----------------------------------------------------------------------------


class Report(NamedTuple):
    """What the check came to: a package is whole when there are no findings.

    ``manifest`` is empty unless its signature fits; ``public_key`` is the key that lies in the
    package, "" where there is none; ``notes`` are what the manifest itself says
    that it lacks.
    """

    findings: list[Finding]
    manifest: dict[str, Any]
    public_key: str
    notes: list[str]


def check(file: BinaryIO, public_key: str = "") -> Report:
    """Check a package from its first byte to its last; never raises but for what reading raises.

    Args:
        file: the archive, open for reading.
        public_key: 64 hexadecimal digits that the key must have; "" takes the package's own.
    """
    contents = read_archive(file)
    found = contents.texts.get(KEY, b"").decode("ascii", "replace").removesuffix("\n")
    # Behind a break of the archive nothing was read: what lies there is not missing.
    unread = contents.broken and any(name not in contents.texts for name in SEAL)
    sealed: list[Finding] = [] if unread else list(_seal_faults(contents.texts, public_key))
    manifest: dict[str, Any] = {}
    notes: list[str] = []
    if not sealed and not unread:
        try:
            manifest = json.loads(contents.texts[MANIFEST])
            sealed = list(_manifest_faults(contents, manifest))
            notes = _notes(manifest)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            sealed = [Finding(MANIFEST, f"is not of the form that is expected ({error!r})")]
            manifest = {}
    order = {member.name: number for number, member in enumerate(contents.members)}
    if {finding.file for finding in contents.findings} & {KEY, SIGNATURE}:
        # A seal that was altered cannot fit, whatever became of what it seals.
        sealed = [finding for finding in sealed if finding.file != MANIFEST]
    findings = list({finding.file: finding for finding in [*contents.findings, *sealed]}.values())
    findings.sort(key=lambda finding: order.get(finding.file, len(order)))
    return Report(findings, manifest, found, notes)


def _notes(manifest: dict[str, Any]) -> list[str]:
    """Say what the package itself says that it lacks, and what it is a copy of."""
    lacks, copied = manifest.get("shortcomings", ()), manifest.get("redacts", {})
    notes = [", ".join(f"{key} {lack[key]}" for key in sorted(lack)) for lack in lacks]
    if copied:
        notes.append(f"a redacted copy of the package {copied['manifest_sha256']}")
        if masking := copied.get("masking"):
            notes.append(str(masking["limits"]))
            notes += [_of_original(file) for file in manifest["files"] if "original" in file]
        left_out = copied["left_out"]
        notes += [f"left out: {entry['path']}, SHA-256 {entry['sha256']}" for entry in left_out]
    return notes


def _of_original(file: dict[str, Any]) -> str:
    """Say of which file one of a redacted copy is the masked form."""
    original = file["original"]
    return f"masked: {file['path']} is of {original['path']}, SHA-256 {original['sha256']}"


def _seal_faults(texts: dict[str, bytes], public_key: str) -> Iterator[Finding]:
    missing = [name for name in SEAL if name not in texts]
    yield from (Finding(name, "is missing") for name in missing)
    if missing:
        return
    key, signature = texts[KEY], texts[SIGNATURE]
    if not re.fullmatch(rb"[0-9a-f]{64}\n", key):
        yield Finding(KEY, "expected 64 hexadecimal digits and the end of a line")
    elif public_key and key != f"{public_key}\n".encode():
        yield Finding(KEY, f"expected the key {public_key}, found {key.decode().strip()}")
    elif not re.fullmatch(rb"[0-9a-f]{128}\n", signature):
        yield Finding(SIGNATURE, "expected 128 hexadecimal digits and the end of a line")
    elif not signature_fits(
        bytes.fromhex(key.decode()), bytes.fromhex(signature.decode()), texts[MANIFEST]
    ):
        yield Finding(MANIFEST, "its signature does not fit: it, the signature or the key differs")


def _manifest_faults(contents: Contents, manifest: dict[str, Any]) -> Iterator[Finding]:
    said = {str(entry["path"]): entry for entry in manifest["files"]}
    names = [member.name for member in contents.members]
    seen: set[str] = set()
    for member in contents.members:
        if member.name in seen:
            yield Finding(member.name, "is in the archive twice")
        elif member.name in said:
            entry = said[member.name]
            if (entry["sha256"], entry["bytes"]) != (member.sha256, member.size):
                yield Finding(member.name, f"was altered: its SHA-256 is {member.sha256}")
        elif member.name not in SEAL:
            yield Finding(member.name, "was added: the manifest does not name it")
        seen.add(member.name)
    missing = [] if contents.broken else [name for name in said if name not in seen]
    yield from (Finding(name, "was removed: the manifest names it") for name in missing)
    if sorted(names) == sorted([*said, *SEAL]) and names != [*said, *SEAL]:
        yield Finding("archive", "its files are in another order than the manifest says")
    if CUSTODY not in contents.texts:
        yield Finding(CUSTODY, f"is missing, or larger than the {MOST_READ_BYTES} bytes to be read")
    elif why := custody_fault(contents.texts[CUSTODY], manifest["custody"]):
        yield Finding(CUSTODY, why)


def custody_fault(log: bytes, said: dict[str, Any]) -> str:
    """Say what is wrong with the part of the custody log; "" if nothing is.

    Each line is an entry with the hash of the one before it; an entry about other things has an
    empty body and only carries the chain on.
    """
    number, previous = said["first_number"], said["previous_hash"]
    for line in log.removesuffix(b"\n").split(b"\n") if log else ():
        try:
            entry = json.loads(line)
            body, entry_hash = str(entry["body"]), str(entry["hash"])
            found, follows = entry["number"], entry["previous_hash"]
        except (ValueError, TypeError, LookupError, RecursionError):
            return f"entry {number} cannot be read"
        if found != number:
            return f"entry {number} was removed or moved: found entry {found} there"
        if follows != previous:
            return f"entry {number} does not follow the one before it"
        sealed = hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
        if body and (sealed != entry_hash or json.loads(body)["number"] != number):
            return f"entry {number} was altered"
        number, previous = number + 1, entry_hash
    if (number - 1, previous) != (said["last_number"], said["head"]):
        return f"entries were removed from number {number} on"
    return ""


def describe(report: Report, public_key: str) -> str:
    """Say for people what a check came to; what is not printable is escaped."""
    if report.findings:
        first, *others = report.findings
        lines = [f"NOT WHOLE. First fault: {first.file}: {first.what}"]
        lines += [f"also: {finding.file}: {finding.what}" for finding in others]
    else:
        manifest = report.manifest
        lines = [f"whole: {len(manifest['files'])} files, sealed {manifest.get('sealed_at', '')}"]
        lines += [f"it says itself: {note}" for note in report.notes]
        lines.append(f"sealed with the key {report.public_key}")
        lines.append(
            "which is the key you gave"
            if public_key
            else "whose key that is, the package cannot prove: compare it with what you were told"
        )
    return "\n".join(
        "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines
    )


def main(arguments: list[str] | None = None) -> int:
    """Check the package that is named; 0 if it is whole, 6 if not, 1 if it cannot be read."""
    parser = argparse.ArgumentParser(description="Checks a sealed evidence package.")
    parser.add_argument("package", metavar="PACKAGE.zip")
    parser.add_argument("--public-key", default="", metavar="KEY", help="64 hexadecimal digits")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console that knows fewer letters
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with open(options.package, "rb") as file:  # noqa: PTH123
            report = check(file, options.public_key.strip().lower())
    except OSError as error:
        sys.stderr.write(f"{options.package}: cannot be read: {error}\n")
        return 1
    sys.stdout.write(describe(report, options.public_key) + "\n")
    return ALTERED if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
