// The Anthropic TypeScript SDK, used as its README shows, with the plane's address and an agent's token alone.

import { assert, counting, large, mangled, pixel, raises, run, sdk, seconds, token, url } from "./conversation.mjs";

const { default: Anthropic } = await sdk("@anthropic-ai/sdk");
const model = "claude-sonnet-4-5";
const tool = {
  name: "weather",
  description: "The weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};

const client = (more) => new Anthropic({ baseURL: url, apiKey: token, maxRetries: 0, ...more });
const ask = (more) => ({ model, max_tokens: 64, messages: [{ role: "user", content: "hello" }], ...more });

async function plain() {
  const message = await client().messages.create(ask());
  assert(message.content[0].text === "You said: hello", message);
}

async function rawStream() {
  const types = [];
  for await (const event of await client().messages.create(ask({ stream: true }))) types.push(event.type);
  assert(types[0] === "message_start" && types.at(-1) === "message_stop", types);
}

async function streamHelper() {
  let text = "";
  const stream = client()
    .messages.stream(ask())
    .on("text", (piece) => (text += piece));
  const final = await stream.finalMessage();
  assert(text === "You said: hello" && final.stop_reason === "end_turn", final);
}

async function toolUse() {
  const wanted = { tools: [tool], tool_choice: { type: "any" } };
  const first = await client().messages.create(ask(wanted));
  const call = first.content[0];
  assert(first.stop_reason === "tool_use" && call.input.city === "Paris", first);
  const result = { type: "tool_result", tool_use_id: call.id, content: "sun" };
  const messages = [
    { role: "user", content: "hello" },
    { role: "assistant", content: first.content },
    { role: "user", content: [result] },
  ];
  const second = await client().messages.create(ask({ messages, tools: [tool] }));
  assert(second.stop_reason === "end_turn", second);
  const streamed = await client().messages.stream(ask(wanted)).finalMessage();
  assert(streamed.content[0].input.city === "Paris", streamed);
}

async function image(data = pixel) {
  const source = { type: "base64", media_type: "image/png", data };
  const content = [{ type: "image", source }, { type: "text", text: "look" }];
  const message = await client().messages.create(ask({ messages: [{ role: "user", content }] }));
  assert(message.content[0].text === "You said: look", message);
  assert(message.usage.input_tokens * 4 > data.length, "the image arrived whole");
}

const largeImage = () => image(large);

async function countTokens() {
  const { messages } = ask();
  assert((await client().messages.countTokens({ model, messages })).input_tokens > 0);
}

async function models() {
  const ids = [];
  for await (const one of client().models.list()) ids.push(one.id);
  assert(ids.includes(model), ids);
  assert((await client().models.retrieve(model)).id === model);
}

/** Whatever happens to single keys, without one retry of the SDK. */
async function unnoticed() {
  for (let round = 0; round < 4; round += 1) {
    await plain();
    await streamHelper();
  }
}

/** A plain call and a stream at once, while every key rests. */
async function waitsForTheReset() {
  const waits = await Promise.all([seconds(plain), seconds(streamHelper)]);
  assert(waits.every((wait) => wait > 0.8), waits);
}

/** Long enough that the answer has begun and pings keep it open. */
async function streamWaitsLong() {
  const wait = await seconds(streamHelper);
  assert(wait > 10, wait);
}

/** The SDK gives its first tries up; the last one finds the answer that the first asked for. */
async function repeatsUnderAKey() {
  const counter = counting();
  const patient = client({ maxRetries: 5, timeout: 1000, fetch: counter.fetch });
  const headers = { "Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324" };
  const message = await patient.messages.create(ask(), { headers });
  assert(message.content[0].text === "You said: hello", message);
  assert(counter.requests > 1, counter.requests);
}

async function badToken() {
  const counter = counting();
  const stranger = client({ apiKey: mangled, maxRetries: 2, fetch: counter.fetch });
  await raises(Anthropic.AuthenticationError, () => stranger.messages.create(ask()));
  assert(counter.requests === 1, counter.requests);
}

async function unknownPath() {
  const counter = counting();
  const curious = client({ maxRetries: 2, fetch: counter.fetch });
  await raises(Anthropic.NotFoundError, () => curious.get("/v1/organizations/me"));
  assert(counter.requests === 1, counter.requests);
}

await run({
  calm: [
    plain,
    rawStream,
    streamHelper,
    toolUse,
    image,
    largeImage,
    countTokens,
    models,
    badToken,
    unknownPath,
  ],
  trouble: [unnoticed],
  wait: [waitsForTheReset],
  twice: [repeatsUnderAKey],
  long_wait: [streamWaitsLong],
});
