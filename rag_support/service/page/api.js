/* The server: one request function, and what its problems (RFC 9457) mean to a person. */

/** The JSON of a 2xx answer; throws {status, title, detail, retryAfter}, status 0 where no answer came at all. */
export async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { Accept: "application/json", ...options?.headers } });
  } catch {
    throw { status: 0 };
  }
  const body = await response.json().catch(() => null); // a proxy's error page is not JSON
  if (response.ok && body) return body;
  throw { ...body, status: response.status, retryAfter: Number(response.headers.get("Retry-After")) || null };
}

/** The entry of strings.js, under errors, that tells this problem. */
export function problemKind({ status, type, title: name, detail }) {
  if (status === 0) return "network";
  if (status === 413) return "tooLarge";
  if (status === 503) return /index/i.test(`${type} ${name} ${detail}`) ? "noIndex" : "busy";
  if (status === 429) return "busy";
  return status < 500 ? "invalid" : "server";
}
