// The official OpenAI SDK for JavaScript, under node's own test runner.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const baseURL = `${process.env.WEIGHBRIDGE_URL}/v1`;
const client = new OpenAI({ baseURL, apiKey: process.env.WEIGHBRIDGE_KEY, maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const told = (simulate, fields) => ({ model: "task/reason", messages: user("Rome?"), metadata: { simulate }, ...fields });
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string", enum: ["Oslo", "Rome"] } }, required: ["city"] },
  },
};
const mail = {
  type: "json_schema",
  json_schema: {
    name: "mail",
    strict: true,
    schema: {
      type: "object",
      properties: { kind: { enum: ["invoice", "renewal"] }, urgent: { type: "boolean" } },
      required: ["kind", "urgent"],
      additionalProperties: false,
    },
  },
};

test("a plain call answers with text and usage", async () => {
  const answer = await client.chat.completions.create({ model: "task/classify", messages: user("An invoice.") });
  assert.equal(answer.choices[0].message.content, "invoice");
  assert.equal(answer.model, "fast-small");
  assert.ok(answer.usage.total_tokens > 0);
});

test("raw headers tell the record", async () => {
  const call = client.chat.completions.create({ model: "task/classify", messages: user("An invoice.") });
  const { data, response, request_id: requestId } = await call.withResponse();
  assert.equal(requestId, data.id);
  assert.equal(response.headers.get("x-weighbridge-record"), data.id);
});

for (const model of ["task/classify", "task/reason"]) {
  test(`a stream of ${model} adds up, with usage last`, async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: user("An invoice."),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.equal(text, model === "task/classify" ? "invoice" : "legal");
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
  });
}

test("a tool is called and its result taken", async () => {
  const first = await client.chat.completions.create(told("tool_call", { tools: [weather], tool_choice: "required" }));
  const [call] = first.choices[0].message.tool_calls;
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Rome" });
  const turns = [...user("Rome?"), first.choices[0].message, { role: "tool", tool_call_id: call.id, content: "sun" }];
  const second = await client.chat.completions.create(told("tool_call", { tools: [weather], messages: turns }));
  assert.equal(second.choices[0].message.content, "legal");
});

test("the stream helper joins the fragments of a tool call", async () => {
  const stream = client.chat.completions.stream(told("tool_call", { tools: [weather] }));
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.name, "get_weather");
});

test("runTools runs a tool and comes to rest", async () => {
  const asked = [];
  const run = (fields) => {
    asked.push(fields.city);
    return "sun";
  };
  const tools = [{ type: "function", function: { ...weather.function, parse: JSON.parse, function: run } }];
  const runner = client.chat.completions.runTools(told("tool_call", { tools }));
  assert.equal(await runner.finalContent(), "legal");
  assert.deepEqual(asked, ["Rome"]);
});

test("structured output fits its schema", async () => {
  const answer = await client.chat.completions.parse(told("", { messages: user("A renewal."), response_format: mail }));
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { kind: "renewal", urgent: true });
});

test("models can be listed and retrieved", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes("task/classify"));
  assert.equal((await client.models.retrieve("fast-small")).id, "fast-small");
});

const failures = [
  ["an unknown model", { model: "gpt-99" }, OpenAI.NotFoundError, "unknown_model"],
  ["a bad temperature", { temperature: 9 }, OpenAI.BadRequestError, "invalid_field"],
  ["failed attempts", { metadata: { simulate: "error=400" } }, OpenAI.InternalServerError, "attempts_failed"],
];
for (const [name, fields, kind, code] of failures) {
  test(`${name} is the SDK's own error`, async () => {
    await assert.rejects(client.chat.completions.create(told("", fields)), (error) => {
      assert.ok(error instanceof kind);
      assert.equal(error.code, code);
      assert.ok(error.type);
      return true;
    });
  });
}

test("a wrong key is an authentication error", async () => {
  const stranger = new OpenAI({ baseURL, apiKey: "wrong" });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(stranger.chat.completions.create(told("", {})), OpenAI.AuthenticationError);
});

test("a stream that breaks throws", async () => {
  const stream = await client.chat.completions.create(told("answer=one two three;disconnect_after=2", { stream: true }));
  await assert.rejects(async () => {
    for await (const chunk of stream) assert.ok(chunk);
  }, OpenAI.APIError);
});

test("the client's own timeout ends the call", async () => {
  const call = client.chat.completions.create(told("latency=5", {}), { timeout: 300 });
  await assert.rejects(call, OpenAI.APIConnectionTimeoutError);
});

test("a ladder that failed is not repeated by the client", async () => {
  const counts = [];
  const counting = (url, init) => {
    counts.push(new Headers(init.headers).get("x-stainless-retry-count"));
    return fetch(url, init);
  };
  const patient = new OpenAI({ baseURL, apiKey: process.env.WEIGHBRIDGE_KEY, maxRetries: 2, fetch: counting });
  await assert.rejects(patient.chat.completions.create(told("error=400", {})), OpenAI.InternalServerError);
  assert.deepEqual(counts, ["0"]);
});
