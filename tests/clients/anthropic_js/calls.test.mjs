// The official Anthropic SDK for JavaScript, under node's own test runner.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.WEIGHBRIDGE_URL, apiKey: process.env.WEIGHBRIDGE_KEY, maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const asked = (fields) => ({ model: "task/classify", max_tokens: 50, messages: user("Attached invoice."), ...fields });
const told = (simulate, fields) => asked({ model: "task/reason", metadata: { simulate }, ...fields });
const weather = {
  name: "get_weather",
  description: "Weather of a city.",
  input_schema: { type: "object", properties: { city: { type: "string", enum: ["Oslo", "Rome"] } }, required: ["city"] },
};

test("a message comes back with usage, and its request id is the record", async () => {
  const message = await client.messages.create(asked());
  assert.deepEqual([message.role, message.stop_reason, message.model], ["assistant", "end_turn", "fast-small"]);
  assert.equal(message.content[0].text, "invoice");
  assert.ok(message.usage.input_tokens > 0 && message.usage.output_tokens > 0);
  assert.match(message._request_id, /^rec_/);
});

test("raw headers say what served", async () => {
  const { data, response } = await client.messages.create(asked({ messages: user("An ambiguous mail.") })).withResponse();
  assert.equal(response.headers.get("x-weighbridge-model"), "frontier-reasoning");
  assert.equal(data.content[0].text, "legal");
});

for (const model of ["task/classify", "task/reason"]) {
  test(`a stream of ${model} ends in the whole message`, async () => {
    const stream = client.messages.stream(asked({ model }));
    const kinds = [];
    for await (const event of stream) kinds.push(event.type);
    const message = await stream.finalMessage();
    assert.equal(kinds[0], "message_start");
    assert.equal(kinds.at(-1), "message_stop");
    assert.equal(message.content[0].text, model === "task/classify" ? "invoice" : "legal");
    assert.ok(message.usage.output_tokens > 0);
  });
}

test("a tool is called and its result taken", async () => {
  const first = await client.messages.create(told("tool_call", { messages: user("Rome?"), tools: [weather] }));
  const call = first.content.find((block) => block.type === "tool_use");
  assert.equal(first.stop_reason, "tool_use");
  assert.equal(call.name, "get_weather");
  const result = { type: "tool_result", tool_use_id: call.id, content: "sun" };
  const turns = [...user("Rome?"), { role: "assistant", content: first.content }, { role: "user", content: [result] }];
  const second = await client.messages.create(told("tool_call", { messages: turns, tools: [weather] }));
  assert.equal(second.content[0].text, "legal");
});

test("a tool's input streams in pieces", async () => {
  const stream = client.messages.stream(told("tool_call", { messages: user("Rome?"), tools: [weather] }));
  const pieces = [];
  stream.on("inputJson", (piece) => pieces.push(piece));
  const message = await stream.finalMessage();
  const call = message.content.find((block) => block.type === "tool_use");
  assert.ok(["Oslo", "Rome"].includes(call.input.city));
  assert.ok(pieces.length > 0);
});

test("tokens are counted without a call", async () => {
  const count = await client.messages.countTokens({ model: "task/classify", messages: user("Attached invoice.") });
  assert.ok(count.input_tokens > 0);
});

for (const [name, fields, kind, status] of [
  ["an unknown task", { model: "task/nothing" }, Anthropic.NotFoundError, 404],
  ["a bad field", { temperature: 7 }, Anthropic.BadRequestError, 400],
]) {
  test(`${name} is the SDK's own error`, async () => {
    await assert.rejects(client.messages.create(asked(fields)), (error) => {
      assert.ok(error instanceof kind);
      assert.equal(error.status, status);
      assert.equal(error.error.type, "error");
      return true;
    });
  });
}

test("a wrong key is refused", async () => {
  const stranger = new Anthropic({ baseURL: process.env.WEIGHBRIDGE_URL, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(stranger.messages.create(asked()), Anthropic.AuthenticationError);
});

test("a stream that breaks is raised and not called complete", async () => {
  const stream = client.messages.stream(told("disconnect_after=2,answer=one two three four"));
  await assert.rejects(stream.finalMessage());
});
