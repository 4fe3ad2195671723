"""What users say of an answer."""

from fastapi import APIRouter, Response

from rag_support.feedback.desk import FeedbackDesk
from rag_support.service.routing import api_router, json_response, problems
from rag_support.service.schemas import FeedbackRequest, FeedbackResponse


def router(desk: FeedbackDesk) -> APIRouter:
    routes = api_router()

    @routes.post(
        "/v1/feedback",
        status_code=201,
        response_model=FeedbackResponse,
        responses=problems(408, 413, 415, 422, 503),
    )
    async def feedback(body: FeedbackRequest) -> Response:
        """Say whether an answer helped. Feedback on the same answer takes the place of what was said before."""
        saved = await desk.save(body.answer_id, body.thumb, body.comment, body.expected_answer, body.question)
        return json_response(FeedbackResponse(id=saved.feedback_id, answer_known=saved.answer_known), 201)

    return routes
