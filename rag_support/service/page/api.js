/* The server: how it is asked, and what its problems (RFC 9457) mean to a person. */

import { currentKey, dropKey } from "./key.js";

/** A 2xx response; throws {status, title, detail, retryAfter, withKey}, status 0 where no answer came at all. */
export async function send(path, options) {
  const key = currentKey();
  const authorization = key === null ? {} : { Authorization: `Bearer ${key}` };
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...options?.headers, ...authorization } });
  } catch {
    throw { status: 0 };
  }
  if (response.ok) return response;
  if (response.status === 401) dropKey(key);
  throw {
    ...(await bodyOf(response)),
    status: response.status,
    retryAfter: Number(response.headers.get("Retry-After")) || null,
    withKey: key !== null,
  };
}

/** The JSON of a 2xx answer; throws as send() does. */
export async function request(path, options) {
  const response = await send(path, { ...options, headers: { Accept: "application/json", ...options?.headers } });
  const body = await bodyOf(response);
  if (body) return body;
  throw { status: response.status };
}

const bodyOf = (response) => response.json().catch(() => null); // a proxy's error page is not JSON

/** Whether another API key may help. */
export const asksForKey = ({ status }) => status === 401 || status === 403;

/** The entry of strings.js, under errors, that tells this problem. */
export function problemKind({ status, type, title: name, detail, withKey }) {
  if (status === 0) return "network";
  if (asksForKey({ status })) return withKey ? "wrongKey" : "noKey";
  if (status === 413) return "tooLarge";
  if (status === 503) return /index/i.test(`${type} ${name} ${detail}`) ? "noIndex" : "busy";
  if (status === 429) return "busy";
  return status < 500 ? "invalid" : "server";
}
