"""A second opinion from a language model, for who wants one: off by default, never part of the gate.

Each answered row of a run is shown to a model behind any OpenAI-compatible server, with its evidence; the model says
whether the answer is supported and whether it answers. Its verdicts stand beside our own figures, and the report of the
call counts where the two disagree, for those rows are worth reading. A model's verdicts drift between versions and
providers, so they are kept out of every figure that is compared.
"""

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rag_support.errors import EvaluationError
from rag_support.evaluation.metrics import is_right
from rag_support.evaluation.run import AnswerRow, Run

VERDICTS = "judge.jsonl"
_TIMEOUT_SECONDS = 60.0
_MAX_TOKENS = 300


class Opinion(BaseModel):
    """What the model is asked to return, as JSON."""

    model_config = ConfigDict(frozen=True)

    supported: bool
    answers: bool
    reason: str


class Verdict(BaseModel):
    model_config = ConfigDict(frozen=True)

    need: str
    language: str
    opinion: Opinion | None  # None where the model did not return what it was asked for
    right: bool  # by our own figures


Complete = Callable[[str], str]
"""prompt → completion"""


def openai_compatible(base_url: str, model: str) -> Complete:
    """A completion function over the official client, which takes its key from OPENAI_API_KEY.

    Raises EvaluationError when the client is not installed, and when no chat completion comes back.
    """
    try:
        import openai
    except ImportError as error:
        raise EvaluationError("The LLM judge needs the client: pip install 'rag-support[llm]'.") from error
    try:
        client = openai.OpenAI(base_url=base_url, timeout=_TIMEOUT_SECONDS, max_retries=2)
    except openai.OpenAIError as error:
        raise EvaluationError(f"{base_url}: {error} A local server takes any key: OPENAI_API_KEY=none.") from error
    except Exception as error:  # what its HTTP client raises for an address that is none
        raise EvaluationError(f"{base_url}: this is no address ({error}). Correct --base-url.") from error

    def complete(prompt: str) -> str:
        try:
            response = client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": prompt}],
                temperature=0,
                seed=0,
                max_tokens=_MAX_TOKENS,
            )
            return str(response.choices[0].message.content or "") if response.choices else ""
        except openai.OpenAIError as error:
            said = " ".join(str(error).split())
            raise EvaluationError(f"{base_url}: the judge's server failed: {said} Look at its log.") from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:  # the client takes what it is sent
            raise EvaluationError(f"{base_url}: no chat completion API answers there. Correct --base-url.") from error

    return complete


def judge_run(run: Run, complete: Complete, progress: Callable[[str, int, int], None]) -> Iterable[Verdict]:
    """One verdict for each answered row, as they come."""
    answered = [row for row in run.answers if not row.abstained]
    for number, row in enumerate(answered, start=1):
        yield Verdict(
            need=row.need, language=row.language, opinion=_opinion(complete(prompt(row))), right=is_right(row.scores)
        )
        progress("judging", number, len(answered))


def prompt(row: AnswerRow) -> str:
    """The row as data: one JSON object, so that nothing in it can pass for an instruction's end."""
    evidence = [{"number": citation.number, "quote": citation.quote} for citation in row.citations]
    data = {"question": row.question, "answer": row.answer, "evidence": evidence}
    instruction = resources.files("rag_support.evaluation").joinpath("llm_judge_prompt.txt").read_text(encoding="utf-8")
    return f"{instruction.strip()}\n\n{json.dumps(data, ensure_ascii=False)}"


def _opinion(completion: str) -> Opinion | None:
    """The last such JSON object in a completion, whatever a chatty model wrote around it."""
    for begin in (found.start() for found in reversed(list(re.finditer("{", completion)))):
        with suppress(ValueError, RecursionError):  # of either parser
            _, end = json.JSONDecoder().raw_decode(completion, begin)
            return Opinion.model_validate_json(completion[begin:end])
    return None


def write_verdicts(folder: Path, verdicts: Iterable[Verdict]) -> str:
    """Written into the run's folder. Returns a summary for people."""
    kept = list(verdicts)
    (folder / VERDICTS).write_text("".join(f"{verdict.model_dump_json()}\n" for verdict in kept), encoding="utf-8")
    lines = []
    for language in dict.fromkeys(verdict.language for verdict in kept):
        mine = [verdict for verdict in kept if verdict.language == language]
        told = [(verdict, verdict.opinion) for verdict in mine if verdict.opinion is not None]
        disagreed = [verdict for verdict, opinion in told if (opinion.supported and opinion.answers) != verdict.right]
        lines.append(
            f"{language}: {len(mine)} answers, {len(mine) - len(told)} without a usable verdict, "
            f"{sum(opinion.supported for _, opinion in told)} called supported, "
            f"{sum(opinion.answers for _, opinion in told)} called answers, {len(disagreed)} at odds with our figures"
        )
        lines += [f"  {verdict.need}: {verdict.opinion.reason[:200]}" for verdict in disagreed[:5] if verdict.opinion]
    return "\n".join(lines) or "no row of the run was answered"
