// The OpenAI TypeScript SDK, used as its README shows, with the plane's address and an agent's token alone.

import { assert, counting, large, mangled, pixel, raises, run, sdk, seconds, token, url } from "./conversation.mjs";

const { default: OpenAI } = await sdk("openai");
const model = "gpt-5";
const parameters = { type: "object", properties: { city: { type: "string" } } };
const weather = { name: "weather", description: "The weather of a city", parameters };
const messages = [{ role: "user", content: "hello" }];

const client = (more) => new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0, ...more });

async function chat() {
  const answer = await client().chat.completions.create({ model, messages });
  assert(answer.choices[0].message.content === "You said: hello", answer);
}

/** Without asking for usage no chunk may come without choices: plain loops index the first. */
async function chatStream() {
  let text = "";
  for await (const chunk of await client().chat.completions.create({ model, messages, stream: true })) {
    assert(!chunk.usage, chunk);
    text += chunk.choices[0].delta.content ?? "";
  }
  assert(text === "You said: hello", text);
}

async function chatStreamWithUsage() {
  let last;
  const asked = { model, messages, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client().chat.completions.create(asked)) last = chunk;
  assert(last.choices.length === 0 && last.usage.total_tokens > 0, last);
}

async function chatStreamHelper() {
  const final = await client().chat.completions.stream({ model, messages }).finalChatCompletion();
  assert(final.choices[0].message.content === "You said: hello", final);
}

async function chatTool() {
  const tools = [{ type: "function", function: weather }];
  const asked = { model, messages, tools, tool_choice: "required" };
  const answer = await client().chat.completions.create(asked);
  const call = answer.choices[0].message.tool_calls[0];
  assert(call.function.arguments === '{"city":"Paris"}', call);
  const result = { role: "tool", tool_call_id: call.id, content: "sun" };
  const turns = [...messages, answer.choices[0].message, result];
  const again = await client().chat.completions.create({ model, messages: turns, tools });
  assert(again.choices[0].finish_reason === "stop", again);
  const streamed = await client().chat.completions.stream(asked).finalChatCompletion();
  assert(streamed.choices[0].message.tool_calls[0].function.arguments === '{"city":"Paris"}', streamed);
}

async function chatImage() {
  const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${large}` } };
  const content = [picture, { type: "text", text: "look" }];
  const answer = await client().chat.completions.create({ model, messages: [{ role: "user", content }] });
  assert(answer.choices[0].message.content === "You said: look", answer);
  assert(answer.usage.prompt_tokens * 4 > large.length, "the image arrived whole");
}

async function responses() {
  const answer = await client().responses.create({ model, input: "hello" });
  assert(answer.output_text === "You said: hello", answer);
}

async function responsesStream() {
  const events = [];
  for await (const event of await client().responses.create({ model, input: "hello", stream: true })) {
    assert(event.sequence_number === events.length, event);
    events.push(event.type);
  }
  assert(events[0] === "response.created" && events.at(-1) === "response.completed", events);
}

async function responsesStreamHelper() {
  const final = await client().responses.stream({ model, input: "hello" }).finalResponse();
  assert(final.output_text === "You said: hello", final);
}

async function responsesTool() {
  const tools = [{ type: "function", strict: false, ...weather }];
  const asked = { model, input: "hello", tools, tool_choice: "required" };
  const answer = await client().responses.create(asked);
  assert(answer.output[0].arguments === '{"city":"Paris"}', answer);
  const streamed = await client().responses.stream(asked).finalResponse();
  assert(streamed.output[0].arguments === '{"city":"Paris"}', streamed);
}

async function responsesImage() {
  const picture = { type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" };
  const content = [picture, { type: "input_text", text: "look" }];
  const answer = await client().responses.create({ model, input: [{ role: "user", content }] });
  assert(answer.output_text === "You said: look", answer);
}

async function responsesInputTokens() {
  assert((await client().responses.inputTokens.count({ model, input: "hello" })).input_tokens > 0);
}

/** The SDK asks for base64 and decodes it by itself. */
async function embeddings() {
  const asked = { model: "text-embedding-3-small", input: ["a", "b"] };
  const answer = await client().embeddings.create(asked);
  const vectors = answer.data.map((item) => Array.from(item.embedding).join());
  assert(vectors.join(";") === "0.25,-0.5,1;0.25,-0.5,1", vectors);
}

async function models() {
  const ids = [];
  for await (const one of client().models.list()) ids.push(one.id);
  assert(ids.includes(model), ids);
  assert((await client().models.retrieve(model)).id === model);
}

/** Whatever happens to single keys, without one retry of the SDK. */
async function unnoticed() {
  for (let round = 0; round < 3; round += 1) {
    for (const part of [chat, responses, chatStream, responsesStreamHelper]) await part();
  }
}

/** Plain calls and streams at once, while every key rests. */
async function waitsForTheReset() {
  const waits = await Promise.all([chat, chatStream, responsesStreamHelper].map(seconds));
  assert(waits.every((wait) => wait > 0.8), waits);
}

/** Long enough that the answers have begun and signs of life keep them open; the helper reads them strictest. */
async function streamsWaitLong() {
  const waits = await Promise.all([chatStream, responsesStreamHelper].map(seconds));
  assert(waits.every((wait) => wait > 10), waits);
}

/** The SDK gives its first tries up; the last one finds the answer that the first asked for. */
async function repeatsUnderAKey() {
  const counter = counting();
  const patient = client({ maxRetries: 5, timeout: 1000, fetch: counter.fetch });
  const headers = { "Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324" };
  const answer = await patient.chat.completions.create({ model, messages }, { headers });
  assert(answer.choices[0].message.content === "You said: hello", answer);
  assert(counter.requests > 1, counter.requests);
}

async function badToken() {
  const counter = counting();
  const stranger = client({ apiKey: mangled, maxRetries: 2, fetch: counter.fetch });
  await raises(OpenAI.AuthenticationError, () => stranger.chat.completions.create({ model, messages }));
  assert(counter.requests === 1, counter.requests);
}

async function unknownPath() {
  const counter = counting();
  const curious = client({ maxRetries: 2, fetch: counter.fetch });
  await raises(OpenAI.NotFoundError, () => curious.get("/organization/users"));
  assert(counter.requests === 1, counter.requests);
}

await run({
  calm: [
    chat,
    chatStream,
    chatStreamWithUsage,
    chatStreamHelper,
    chatTool,
    chatImage,
    responses,
    responsesStream,
    responsesStreamHelper,
    responsesTool,
    responsesImage,
    responsesInputTokens,
    embeddings,
    models,
    badToken,
    unknownPath,
  ],
  trouble: [unnoticed],
  wait: [waitsForTheReset],
  twice: [repeatsUnderAKey],
  long_wait: [streamsWaitLong],
});
