import { createHash, createHmac } from "node:crypto";

/** Access to an AWS-shaped service. */
export type AwsAccess = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** Headers of one JSON request, signed with AWS Signature Version 4. */
export function signedHeaders(
  access: AwsAccess,
  o: {
    readonly service: string;
    readonly target: string;
    readonly body: string;
    readonly at: Date;
  },
): Record<string, string> {
  const time = `${o.at.toISOString().replace(/[-:]|\.\d{3}/g, "")}`;
  const day = time.slice(0, 8);
  const headers: Record<string, string> = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(access.endpoint).host,
    "x-amz-date": time,
    "x-amz-target": o.target,
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const path = new URL(access.endpoint).pathname;
  const request = ["POST", path, "", lines, names.join(";"), sha256(o.body)].join("\n");
  const scope = `${day}/${access.region}/${o.service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(request)].join("\n");
  const key = [day, access.region, o.service, "aws4_request"].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${access.secretAccessKey}`),
  );
  const signature = hmac(key, text).toString("hex");
  const credential = `Credential=${access.accessKeyId}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...headers, authorization };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
