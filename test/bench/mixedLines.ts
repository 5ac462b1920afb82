const LEVELS = ['DEBUG', 'INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'WARN', 'ERROR'];
const PATHS = ['/api/orders', '/api/customers', '/healthz', '/assets/app.js'];

type Form = (level: string, message: string, index: number) => string;

/** How services write the same, each as often as it stands here. */
const FORMS: readonly Form[] = [
  ...Array<Form>(8).fill(
    (level, message, index) =>
      `2026-11-21 07:38:14.${millis(index)} ${level.padEnd(5)} 1 --- [nio-8080-exec-${index % 9}] c.e.shop.Requests : ${message}`,
  ),
  ...Array<Form>(4).fill(
    (level, message, index) =>
      `{"time":"2026-11-21T07:38:14.${millis(index)}Z","level":"${level.toLowerCase()}","logger":"shop.requests","msg":"${message}"}`,
  ),
  ...Array<Form>(3).fill(
    (level, message, index) =>
      `ts=2026-11-21T07:38:14.${millis(index)}Z level=${level.toLowerCase()} caller=server.go:${index % 400} msg="${message}"`,
  ),
  (level, message, index) =>
    `${level[0] ?? 'I'}1121 07:38:14.${millis(index)}000       1 server.go:87] ${message}`,
  (level, message, index) => `2026-11-21 07:38:14,${millis(index)} - shop.requests - ${level} - ${message}`,
  (level, message, index) => `[07:38:14.${millis(index)}] [${level.toLowerCase()}] ${message}`,
  (_level, message, index) =>
    `10.0.0.${index % 250} - - [21/Nov/2026:07:38:14 +0000] "${message.replace(/ took.*/, '')} HTTP/1.1" 200 1234 "-" "curl/8.5"`,
];
/** So many of all lines are parts of a stack trace. */
const TRACE_SHARE = 0.05;

/** A line of about 105 bytes as many services write it. */
export function mixedLine(index: number, random: () => number): string {
  const pick = <T>(from: readonly T[], otherwise: T): T =>
    from[Math.floor(random() * from.length)] ?? otherwise;
  if (random() < TRACE_SHARE)
    return `    at com.example.shop.Checkout.pay(Checkout.java:${Math.floor(random() * 900)})`;
  const message = `GET ${pick(PATHS, '/')} took ${Math.floor(random() ** 4 * 2_000)} ms`;
  return pick(FORMS, (_level, plain) => plain)(pick(LEVELS, 'INFO'), message, index);
}

function millis(index: number): string {
  return String(index % 1000).padStart(3, '0');
}
