/** Questions to the API. */

/** What the API refused, with its problem+json. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? "The service does not answer just now; try again shortly.");
    this.status = status;
    this.fields = body.errors ?? [];
  }
}

export const get = (path, query = {}, signal = null) =>
  ask(`${path}?${new URLSearchParams(query)}`, { signal });

export const post = (path, body, { signal = null, headers = {} } = {}) =>
  ask(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
    signal,
  });

async function ask(path, options) {
  const headers = { "x-session-id": session(), ...options.headers };
  const response = await fetch(`/api/v1/${path}`, { ...options, headers });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

/** One visit of one tab; nothing about the person. */
function session() {
  const known = sessionStorage.getItem("session") ?? token();
  sessionStorage.setItem("session", known);
  return known;
}

export const token = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Wraps a question whose last asking counts: earlier ones are given up and answer undefined. */
export function newest(question) {
  let going = null;
  return async (...wanted) => {
    going?.abort();
    const ours = (going = new AbortController());
    try {
      const answer = await question(...wanted, ours.signal);
      return ours.signal.aborted ? undefined : answer;
    } catch (error) {
      if (ours.signal.aborted) return undefined;
      throw error;
    }
  };
}
