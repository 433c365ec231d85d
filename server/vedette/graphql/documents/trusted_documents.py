"""Trusted documents: a folder of *.graphql files, each of which clients may ask for by its name or its hash.

What Vedette itself sends is trusted always, by its hash. OWN lists what the command line and the client send, `make
client` writes it; the build of the interface lists what that sends, beside its pages.
"""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Self

from graphql import GraphQLError, OperationDefinitionNode

from vedette.errors import UsageError
from vedette.graphql.documents.limits import Limits
from vedette.graphql.documents.operations import flaws, parsed
from vedette.graphql.documents.requests import Request
from vedette.graphql.errors import BAD_INPUT, DOCUMENT_NOT_FOUND, DOCUMENT_NOT_TRUSTED, RequestError
from vedette.graphql.schema import schema
from vedette.settings import Settings, TrustedMode

logger = logging.getLogger(__name__)

OWN = Path(__file__).with_name("own_documents.txt")


class TrustedDocuments:
    """Documents by name and by `sha256:` and the hash of their text; `mode` says what becomes of others."""

    def __init__(self, texts: Mapping[str, str], mode: TrustedMode = "off", own: frozenset[str] = frozenset()) -> None:
        self._mode = mode
        self._by_id = dict(texts) | {document_id(text): text for text in texts.values()}
        self._trusted = own | frozenset(document_id(text.strip()) for text in texts.values())

    @property
    def operation_names(self) -> frozenset[str]:
        """Return the names of the operations in the documents of the folder."""
        named = (parsed(text, len(text) + 1) for text in self._by_id.values())
        nodes = [node for document in named for node in document.definitions]
        return frozenset(node.name.value for node in nodes if isinstance(node, OperationDefinitionNode) and node.name)

    @classmethod
    def load(cls, settings: Settings, interface: Path | None = None) -> Self:
        """Read the folder that the settings name, and what the interface sends, if it was built.

        Raises UsageError, naming the file that is no valid document.
        """
        folder = settings.trusted_documents
        if folder is None:
            if settings.trusted_documents_mode == "only":
                raise UsageError("trusted_documents_mode=only needs trusted_documents, the folder that they are in.")
            return cls({})
        if not folder.is_dir():
            raise UsageError(f"trusted_documents={folder} is not a folder; make it, or name another.")
        limits = Limits.of(settings)
        texts = {file.stem: _document(file, limits) for file in sorted(folder.glob("*.graphql"))}
        return cls(texts, settings.trusted_documents_mode, _listed(OWN) | _listed(interface))

    def text(self, request: Request) -> str:
        """Return the text of the document that a request means. Raises RequestError where there is none to execute."""
        if request.query is None:
            asked = request.document_id or _hash_of(request)
            if asked is None:
                raise RequestError(BAD_INPUT, "Give a document as `query`, or `documentId`.")
            return self._by_id.get(asked) or _unknown(asked)
        if request.document_id is not None:
            raise RequestError(BAD_INPUT, "Give `query` or `documentId`, not both.")
        if self._mode != "off" and document_id(request.query.strip()) not in self._trusted:
            self._refuse(request.query)
        return request.query

    def _refuse(self, text: str) -> None:
        if self._mode == "only":
            raise RequestError(
                DOCUMENT_NOT_TRUSTED, "This server answers trusted documents only; ask for one by its documentId."
            )
        shown = " ".join(text.split())[:200]
        logger.warning("A document that is not trusted was asked for, %s: %s", document_id(text), shown)


def document_id(text: str) -> str:
    """Return the id that a text has by its hash."""
    return f"sha256:{hashlib.sha256(text.encode(errors='replace')).hexdigest()}"


def _listed(file: Path | None) -> frozenset[str]:
    """Return the ids that a file lists, each of a text without space around it and followed by where it is from."""
    if file is None or not file.is_file():
        return frozenset()
    return frozenset(line.split()[0] for line in file.read_text(encoding="utf-8").splitlines())


def _document(file: Path, limits: Limits) -> str:
    try:
        text = file.read_text(encoding="utf-8")
        found = flaws(schema._schema, text, limits)
    except (OSError, UnicodeDecodeError, GraphQLError) as error:
        raise UsageError(f"{file} is not a GraphQL document: {error}") from None
    if found:
        raise UsageError(f"{file} is not a document of this schema: {found[0].message}")
    return text


def _hash_of(request: Request) -> str | None:
    """Return the id that the extension `persistedQuery` gives, as some clients send it."""
    persisted = (request.extensions or {}).get("persistedQuery")
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return f"sha256:{digest}" if isinstance(digest, str) else None


def _unknown(asked: str) -> NoReturn:
    raise RequestError(DOCUMENT_NOT_FOUND, f"There is no trusted document {asked[:80]!r}.")
