"""GraphQL over HTTP: POST, and GET for queries, answered as `application/graphql-response+json` or plain JSON."""

from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vedette.access.authenticator import Authenticator, Unauthenticated
from vedette.access.authority import Caller
from vedette.access.rooms import TooMany
from vedette.errors import DatabaseError
from vedette.graphql.api import Answer, Api
from vedette.graphql.documents.requests import Operation, Refused
from vedette.graphql.errors import DOCUMENT_NOT_FOUND, DOCUMENT_NOT_TRUSTED, FORBIDDEN
from vedette.web import answers, parameters, rate_limits
from vedette.web.admission import Admission
from vedette.web.credentials import caller_of
from vedette.web.hangups import HungUp, unless_hung_up
from vedette.web.negotiation import GRAPHQL, LEGACY, chosen

STATUS_OF_CODE = {DOCUMENT_NOT_FOUND: 404, DOCUMENT_NOT_TRUSTED: 403, FORBIDDEN: 403}


class GraphQLOverHTTP:
    """The endpoint /graphql."""

    def __init__(self, api: Api, admission: Admission, access: Authenticator) -> None:
        self._api = api
        self._admission = admission
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        media_type = chosen(request.headers.get("accept"), (LEGACY, GRAPHQL))
        if media_type is None:
            response = answers.refusal(
                406, "NOT_ACCEPTABLE", f"Answers are {GRAPHQL} or {LEGACY}; event streams are at /graphql/stream."
            )
        else:
            try:
                response = await self._answer(request, media_type)
            except HungUp:
                return
        await response(scope, receive, send)

    async def _answer(self, request: Request, media_type: str) -> Response:
        if self._admission.is_draining:
            return answers.draining(media_type)
        try:
            caller = await caller_of(self._access, request.scope)
        except Unauthenticated as error:
            return answers.unauthenticated(error, media_type)
        except DatabaseError:
            return answers.unavailable(media_type)
        response = await self._answer_to(caller, request, media_type)
        response.headers.update(rate_limits.headers(self._api.account(caller)))
        return response

    async def _answer_to(self, caller: Caller, request: Request, media_type: str) -> Response:
        try:
            wanted = await asked(request)
            checked = self._api.operation(wanted, caller)
        except parameters.BadParameters as error:
            return answers.refusal(400, "BAD_REQUEST", str(error), media_type)
        except Refused as refused:
            return _refused(refused, media_type)
        except TooMany as found:
            return answers.overloaded(found, media_type)
        unfit = _unfit(checked, request.method, media_type)
        if unfit is not None:
            checked.charge.settle(0)
            return unfit
        try:
            with self._admission.one(checked):
                answer = await unless_hung_up(request.receive, self._api.answer(checked, caller))
        except Refused as refused:
            return _refused(refused, media_type)
        except TooMany as found:
            return answers.overloaded(found, media_type)
        if request.method == "GET" and wanted.query is None and answer.outcome == "ok":
            # By its id it is a document that is known here: that is the same for all who ask again.
            return answers.revalidated(answer.body, media_type, request.headers.get("if-none-match"))
        return _told(answer, media_type)


def _unfit(operation: Operation, method: str, media_type: str) -> Response | None:
    """Return the refusal of an operation of a kind that is not for this method, or not for this address."""
    if method == "GET" and operation.kind is OperationType.MUTATION:
        return answers.refusal(405, "METHOD_NOT_ALLOWED", "Mutations need POST.", media_type, {"allow": "POST"})
    if operation.kind is OperationType.SUBSCRIPTION:
        said = "Subscribe at /graphql/stream (text/event-stream), or by a websocket (graphql-transport-ws)."
        return answers.refusal(400, "BAD_REQUEST", said, media_type)
    return None


async def asked(request: Request) -> parameters.Request:
    """Return what a request asks for. Raises BadParameters."""
    if request.method == "GET":
        found = parameters.of_query_string(request.query_params)
    else:
        found = parameters.of_body(await request.body())
    if found.query is None and found.document_id is None and not found.extensions:
        raise parameters.BadParameters("Give a document as the parameter `query`.")
    return found


def _told(answer: Answer, media_type: str) -> Response:
    if answer.outcome == "unavailable":
        return answers.without_database(answer.body, media_type)
    return answers.json(_status(answer.is_executed, media_type), answer.body, media_type)


def _refused(refused: Refused, media_type: str) -> Response:
    code = (refused.errors[0].extensions or {}).get("code")
    status = STATUS_OF_CODE.get(str(code)) or _status(False, media_type)
    return answers.errors(status, [error.formatted for error in refused.errors], media_type)


def _status(is_executed: bool, media_type: str) -> int:
    """Return 400 for what was not executed, which older clients take for a broken connection."""
    return 400 if media_type == GRAPHQL and not is_executed else 200
