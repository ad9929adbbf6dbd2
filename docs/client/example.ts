// A client of the API in a few lines: `api.d.ts` is generated from the contract, so a field that is
// misspelt, or an answer that is read as what it is not, does not compile.
import type { components } from "./api";

type Shapes = components["schemas"];

export class Refused extends Error {
  constructor(readonly problem: Shapes["Problem"]) {
    super(problem.detail);
  }
}

async function send<Answer>(method: string, path: string, body?: object, token?: string): Promise<Answer> {
  const headers = new Headers(body ? { "content-type": "application/json" } : {});
  if (token) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(path, { method, headers, body: body ? JSON.stringify(body) : null });
  if (!response.ok) throw new Refused(await response.json());
  return response.json();
}

export function guide(answers: Shapes["GuidedRequest"]): Promise<Shapes["GuidedAnswer"]> {
  return send("POST", "/api/v1/search/guided", answers);
}

export async function changePrice(id: string, price: number, version: number, token: string) {
  const patch: Shapes["PropertyFieldsPatch"] = { price };
  const response = await fetch(`/api/v1/admin/properties/${id}`, {
    method: "PATCH",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/merge-patch+json",
      "if-match": `"${version}"`,
    },
    body: JSON.stringify(patch),
  });
  if (!response.ok) throw new Refused(await response.json());
  return (await response.json()) as Shapes["WrittenProperty"];
}

export async function describe(): Promise<string[]> {
  const found = await guide({ answers: { bhk: 3, budget: { max: 15_000_000 } }, sort: "deal" });
  return found.items.map(
    ({ title, price, key_metrics }) => `${title}, ₹${price}, vastu ${key_metrics.vastu ?? "unknown"}`,
  );
}
