"""Somebody else's web site, for a browser to visit, and papers for the service behind it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAPERS = [
    {
        "id": "2503.01001",
        "title": "Sparse Attention <EOS> for Long Documents & Short Budgets",
        "text": "Sparse attention lets a transformer read long documents at the cost of short ones.",
        "url": "https://papers.example/2503.01001",
        "authors": ["Ada Moreno", "Li Wei", "Noor Haddad"],
        "organisation": {"slug": "orion", "name": "Orion Lab"},
        "topics": ["nlp"],
    },
    {
        "id": "2503.01002",
        "title": "Attention Sinks: Why Transformers Stare at the First Token",
        "text": "A transformer's attention gathers on its first token; we say why, with sparse probes.",
        "url": "https://papers.example/2503.01002",
        "authors": ["Tomás Řezníček"],
        "topics": ["nlp"],
    },
    {
        "id": "2503.01003",
        "title": "Protein Folding with Diffusion over Torsion Angles",
        "text": "Diffusion models fold proteins by denoising torsion angles of their backbone.",
        "url": "https://papers.example/2503.01003",
        "authors": ["Imani Okafor", "J. Sato"],
        "organisation": {"slug": "helix", "name": "Helix Institute"},
        "topics": ["biology"],
    },
    {
        "id": "math.GT/0309136",
        "title": "تعلّم الآلة على أجهزة صغيرة: مسح شامل",
        "text": "مسح شامل لطرائق تشغيل النماذج اللغوية على الأجهزة الصغيرة دون اتصال بالشبكة.",
        "authors": ["ليلى منصور"],
        "topics": ["edge"],
    },
    {
        "id": "2503.01005",
        "title": r"Learning to Fold Laundry in $O(n^2)$ from Three Demonstrations",
        "text": "A robot arm learns to fold laundry from three demonstrations and a lot of patience.",
        "url": "https://papers.example/2503.01005",
        "authors": ["Mia Chen", "R. Alvarez", "K. Novak", "P. Dubois"],
        "topics": ["robotics"],
    },
    {
        "id": "2503.01006",
        "title": "Averyveryverylongunbreakabletitlethatnobodyshouldwritebutsomebodywillsubmitsomeday",
        "text": "Long words happen.",
        "url": "https://papers.example/2503.01006",
        "topics": ["nlp"],
    },
]  # fmt: skip


_STYLE = ":root { color-scheme: light dark } body { font: 16px system-ui; margin: 16px }"


class Host:
    """Somebody else's web site: pages by path, each with the strictest policy that embedding allows."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, dict[str, str], bytes]] = {}
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = host.pages.get(self.path.partition("?")[0])
                kind, headers, body = found or ("text/plain", {}, b"")
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.put("/page.css", _STYLE, "text/css")
        self.put("/paper", "<h1>A paper</h1>")
        self.put("/favicon.ico", "", "image/x-icon")  # asked for once, when it pleases the browser
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def put(
        self, path: str, body: str, kind: str = "text/html; charset=utf-8", **headers: str
    ) -> str:
        """Publish something and return its address."""
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (kind, dashed, body.encode())
        return self.origin + path

    def page(
        self, service: str, body: str, head: str = "", path: str = "/", html: str = 'lang="en"'
    ) -> str:
        """Publish a page that allows itself nothing but the service."""
        policy = (
            f"default-src 'none'; script-src {service} {self.origin}; connect-src {service}; "
            f"frame-src {service}; style-src {self.origin}; require-trusted-types-for 'script'"
        )
        head = f'<meta charset=utf-8><link rel="stylesheet" href="{self.origin}/page.css">{head}'
        text = f"<!doctype html><html {html}><head>{head}</head><body>{body}</body></html>"
        return self.put(path, text, Content_Security_Policy=policy)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
