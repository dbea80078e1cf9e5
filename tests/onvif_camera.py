"""An ONVIF camera on the loopback: SOAP over HTTP with a login, and an answer to WS-Discovery."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
SCHEMAS = (
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema"'
)
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"


@dataclass(frozen=True)
class FakeStream:
    """One profile the camera offers."""

    token: str
    url: str
    codec: str = "H264"
    width: int = 1920
    height: int = 1080
    fps: int = 25
    source: str = "lens-1"


@dataclass
class FakeCamera:
    """What the camera is like, and what it was asked.

    Attributes:
        streams: its profiles; {port} in an address is the port of its HTTP server.
        auth: "token" wants a WS-UsernameToken, "http" wants HTTP digest, "basic" HTTP basic.
        media_host: the host it believes to have; service addresses hold it.
        broken: answers everything with this text instead.
        seen: the bodies of all requests.
    """

    streams: tuple[FakeStream, ...]
    user: str = "guard"
    password: str = "gate-4711"
    auth: str = "token"
    media_host: str = "127.0.0.1"
    broken: str = ""
    model: str = "X1"
    seen: list[str] = field(default_factory=list)
    port: int = 0

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve until left."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    @property
    def address(self) -> str:
        """Where its device service is."""
        return f"http://127.0.0.1:{self.port}/onvif/device_service"

    def knows(self, body: str, authorization: str) -> bool:
        """Whether the request proves that its sender knows the password."""
        if self.auth == "token":
            return self._token_fits(body)
        if self.auth == "http":
            return self._digest_fits(authorization)
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return authorization == f"Basic {pair}"

    def _token_fits(self, body: str) -> bool:
        """Check the digest as WS-Security UsernameToken 1.0 defines it."""
        found = {
            name: match[1]
            for name in ("Username", "Password", "Nonce", "Created")
            if (match := re.search(rf"<(?:\w+:)?{name}(?: [^>]*)?>([^<]*)<", body))
        }
        if len(found) < 4 or found["Username"] != self.user:
            return False
        text = base64.b64decode(found["Nonce"]) + (found["Created"] + self.password).encode()
        return found["Password"] == base64.b64encode(hashlib.sha1(text).digest()).decode()  # noqa: S324  (the standard's)

    def _digest_fits(self, authorization: str) -> bool:
        """Check the digest of RFC 7616 with MD5 and qop auth."""
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', authorization.partition(" ")[2]))
        if given.get("username") != self.user:
            return False

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  (the standard's)

        secret = md5(f"{self.user}:camera:{self.password}")
        parts = (secret, NONCE, given["nc"], given["cnonce"], given["qop"])
        return given["response"] == md5(":".join((*parts, md5(f"POST:{given['uri']}"))))

    def answer(self, body: str) -> str:
        """Give the inner XML that answers a request."""
        asked = re.search(r"<[\w:]*Body>\s*<(?:\w+:)?(\w+)", body)
        service = f"http://{self.media_host}:{self.port}/onvif"
        match asked[1] if asked else "":
            case "GetServices":
                return (
                    "<tds:GetServicesResponse>"
                    + "".join(
                        f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl"
                        f"</tds:Namespace><tds:XAddr>{service}/{name}_service</tds:XAddr>"
                        "</tds:Service>"
                        for name in ("device", "media")
                    )
                    + "</tds:GetServicesResponse>"
                )
            case "GetDeviceInformation":
                return (
                    "<tds:GetDeviceInformationResponse><tds:Manufacturer>ACME</tds:Manufacturer>"
                    f"<tds:Model>{escape(self.model)}</tds:Model>"
                    "</tds:GetDeviceInformationResponse>"
                )
            case "GetSystemDateAndTime":
                return "<tds:GetSystemDateAndTimeResponse/>"
            case "GetProfiles":
                inner = "".join(_profile(stream) for stream in self.streams)
                return f"<trt:GetProfilesResponse>{inner}</trt:GetProfilesResponse>"
            case "GetStreamUri":
                token = re.search(r"ProfileToken>([^<]+)<", body)
                stream = next(s for s in self.streams if token and s.token == token[1])
                return (
                    "<trt:GetStreamUriResponse><trt:MediaUri>"
                    f"<tt:Uri>{escape(stream.url)}</tt:Uri>"
                    "</trt:MediaUri></trt:GetStreamUriResponse>"
                )
        return "<s:Fault><s:Reason><s:Text>unknown</s:Text></s:Reason></s:Fault>"


def _profile(stream: FakeStream) -> str:
    return (
        f'<trt:Profiles token="{stream.token}" fixed="true"><tt:Name>{stream.token}</tt:Name>'
        f'<tt:VideoSourceConfiguration token="v"><tt:SourceToken>{stream.source}</tt:SourceToken>'
        '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="e">'
        f"<tt:Encoding>{stream.codec}</tt:Encoding><tt:Resolution><tt:Width>{stream.width}"
        f"</tt:Width><tt:Height>{stream.height}</tt:Height></tt:Resolution><tt:RateControl>"
        f"<tt:FrameRateLimit>{stream.fps}</tt:FrameRateLimit></tt:RateControl>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def _envelope(inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" {SCHEMAS}>'
        f"<s:Body>{inner}</s:Body></s:Envelope>"
    ).encode()


def _handler(camera: FakeCamera) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length).decode()
            authorization = self.headers.get("Authorization", "")
            camera.seen.append(f"{authorization}\n{body}")
            if camera.broken:
                self._send(200, camera.broken.encode())
            elif "GetSystemDateAndTime" in body or camera.knows(body, authorization):
                self._send(200, _envelope(camera.answer(body)))
            elif camera.auth == "token":
                fault = (
                    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>"
                    "<s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason>"
                    "<s:Text>Sender not Authorized</s:Text></s:Reason></s:Fault>"
                )
                self._send(400, _envelope(fault))
            else:
                self._send(401, b"")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 401:
                digest = f'Digest realm="camera", qop="auth", nonce="{NONCE}", algorithm=MD5'
                wanted = digest if camera.auth == "http" else 'Basic realm="camera"'
                self.send_header("WWW-Authenticate", wanted)
            self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler


@contextmanager
def discoverable(xaddrs: str, name: str = "Gate%20north", count: int = 1) -> Iterator[int]:
    """Answer WS-Discovery on a UDP port of the loopback, which is given; ``count`` times each."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0.05)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                probe, sender = sock.recvfrom(65535)
            except TimeoutError:
                continue
            message = re.search(rb"MessageID>([^<]+)<", probe)
            for _ in range(count):
                sock.sendto(_match(xaddrs, name, message[1].decode() if message else ""), sender)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        over.set()
        thread.join()
        sock.close()


def _match(xaddrs: str, name: str, relates_to: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
        'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
        f"<a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
        "<a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference>"
        "<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>"
        f"onvif://www.onvif.org/name/{name} onvif://www.onvif.org/hardware/X1</d:Scopes>"
        f"<d:XAddrs>{xaddrs}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()
