/* One question put to POST /v1/answers, its answer told as it comes about: server-sent events read from the response,
   or the plain answer where no stream comes through (a proxy that cuts it, or gathers it). */

import { request, send } from "./api.js";

const ADDRESS = "/v1/answers";
const STREAM = "text/event-stream";

/** The whole answer. Until it is there, told(partial) is called with what of it is known. Throws as send() does. */
export async function ask(question, signal, told) {
  const response = await send(ADDRESS, asPost({ ...question, stream: true }, signal, STREAM));
  if (!response.headers.get("Content-Type")?.startsWith(STREAM)) return response.json();
  const partial = { answer: "", citations: [] };
  for await (const { name, data } of eventsOf(response.body)) {
    if (name === "done") return data;
    if (name === "error") throw data;
    if (name === "retrieval") Object.assign(partial, data);
    if (name === "citation") partial.citations.push(data);
    if (name === "sentence") partial.answer += data.text;
    // a refusal, which cites nothing, is shown as one when it is whole
    if (name === "sentence" && partial.citations.length) told(partial);
  }
  return request(ADDRESS, asPost(question, signal, "application/json")); // the stream was cut
}

const asPost = (body, signal, accepted) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", Accept: accepted },
  body: JSON.stringify(body),
  signal,
});

/** The events of a stream as {name, data}; a cut stream ends like any other. */
async function* eventsOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let received = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true }));
      if (done) return;
      const blocks = (received + value).split("\n\n");
      received = blocks.pop();
      for (const block of blocks) {
        const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
        if (fields.has("data")) yield { name: fields.get("event"), data: JSON.parse(fields.get("data")) };
      }
    }
  } finally {
    reader.cancel().catch(() => null);
  }
}
