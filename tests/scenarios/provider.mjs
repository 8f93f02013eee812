// provider.mjs - a provider of identities that lies, for oidc.py.
//
// node provider.mjs PORT CLIENT SECRET; GET /set?mode=...&sub=... says what it does next:
// a token that is wrong in one way, or an answer that is slow, huge, no JSON, or leads elsewhere.
// It logs everybody in at once as `sub`. GET /seen tells how often each address was asked.
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';

const [port, client, secret] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const now = () => Math.floor(Date.now() / 1000);
const text = (x) => Buffer.from(JSON.stringify(x)).toString('base64url');
const kinds = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};
let keys, turns = 0, told = { mode: 'good', sub: 'u-1', alg: 'ES256' };
const seen = {}, codes = new Map();

function rotate() {
  turns += 1;
  keys = Object.fromEntries(Object.entries(kinds).map(([alg, make]) =>
    [alg, { kid: `${alg}-${turns}`, ...make() }]));
}

function token(nonce) {
  const m = told.mode, t = now();
  const claims = {
    iss: m === 'iss' ? 'https://other.example' : issuer,
    sub: m === 'nosub' ? undefined : told.sub,
    aud: m === 'aud' ? 'somebody' : m === 'azp' ? [client, 'x'] : client,
    azp: m === 'azp' ? 'x' : undefined,
    nonce: m === 'nonce' ? 'another' : nonce,
    iat: m === 'early' ? t + 3600 : m === 'expired' ? t - 7200 : t,
    exp: m === 'expired' ? t - 3600 : t + 7200,
    amr: told.amr ? told.amr.split(' ') : undefined,
  };
  const alg = m === 'none' ? 'none' : m === 'hs256' ? 'HS256' : told.alg;
  const key = keys[told.alg];
  const said = `${text({ alg, kid: m === 'kid' ? 'unknown' : key.kid })}.${text(claims)}`;
  const what = Buffer.from(m === 'signature' ? `${said}x` : said);
  const mark = alg === 'none' ? Buffer.alloc(0)
    : alg === 'HS256'
      ? createHmac('sha256', key.publicKey.export({ type: 'spki', format: 'pem' })).update(what)
        .digest()
      : alg === 'EdDSA' ? sign(null, what, key.privateKey)
        : sign('sha256', what, alg === 'ES256'
          ? { key: key.privateKey, dsaEncoding: 'ieee-p1363' } : key.privateKey);
  return `${said}.${mark.toString('base64url')}`;
}

function answer(res, body, status = 200) {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(typeof body === 'string' ? body : JSON.stringify(body));
}

// What any address may do instead of answering.
function misbehaves(at, res) {
  if (told.mode === `slow-${at}`) return true; // never
  if (told.mode === `huge-${at}`) {
    const more = () => { while (res.write('x'.repeat(65536))); };
    res.writeHead(200);
    res.on('drain', more);
    res.on('error', () => {});
    more();
  } else if (told.mode === `elsewhere-${at}`) {
    res.writeHead(302, { Location: `${issuer}/lured` });
    res.end();
  } else if (told.mode === `nojson-${at}`) {
    answer(res, '<html>');
  } else {
    return false;
  }
  return true;
}

const pages = {
  discovery(_, res) {
    const m = told.mode;
    answer(res, {
      issuer: m === 'discovery-iss' ? 'https://other.example' : issuer,
      authorization_endpoint: `${issuer}/auth?tenant=1`,
      token_endpoint: m === 'plain-http' ? 'http://192.0.2.1/token' : `${issuer}/token`,
      jwks_uri: m === 'file' ? 'file:///etc/hostname' : `${issuer}/keys`,
    });
  },
  auth(q, res) {
    const code = randomBytes(16).toString('hex');
    codes.set(code, { nonce: q.get('nonce'), challenge: q.get('code_challenge'),
      redirect: q.get('redirect_uri') });
    const to = new URL(q.get('redirect_uri'));
    to.searchParams.set('code', code);
    to.searchParams.set('state', q.get('state'));
    to.searchParams.set('iss', told.mode === 'reply-iss' ? 'https://other.example' : issuer);
    res.writeHead(302, { Location: to.href });
    res.end();
  },
  token(q, res, headers) {
    const grant = codes.get(q.get('code'));
    const both = [client, secret].map(encodeURIComponent).join(':'); // RFC 6749 2.3.1
    const basic = `Basic ${Buffer.from(both).toString('base64')}`;
    codes.delete(q.get('code'));
    if (headers.authorization !== basic) return answer(res, { error: 'invalid_client' }, 401);
    if (!grant || grant.redirect !== q.get('redirect_uri') || grant.challenge !==
        createHash('sha256').update(q.get('code_verifier') ?? '').digest('base64url'))
      return answer(res, { error: 'invalid_grant' }, 400);
    return answer(res, { access_token: 'a', token_type: 'Bearer', id_token: token(grant.nonce) });
  },
  keys(_, res) {
    answer(res, { keys: Object.entries(keys).map(([alg, k]) =>
      ({ ...k.publicKey.export({ format: 'jwk' }), kid: k.kid, alg, use: 'sig' })) });
  },
  set(q, res) {
    told = { mode: 'good', sub: 'u-1', alg: 'ES256', ...Object.fromEntries(q) };
    if (q.has('rotate')) rotate();
    answer(res, told);
  },
  seen(_, res) { answer(res, seen); },
};

rotate();
createServer((req, res) => {
  const url = new URL(req.url, issuer);
  const at = url.pathname.startsWith('/.well-known/') ? 'discovery' : url.pathname.slice(1);
  let body = '';
  seen[at] = (seen[at] ?? 0) + 1;
  req.on('data', (d) => { body += d; });
  req.on('end', () => {
    if (!pages[at]) return answer(res, {}, 404);
    if (misbehaves(at, res)) return undefined;
    const q = req.method === 'POST' ? new URLSearchParams(body) : url.searchParams;
    return pages[at](q, res, req.headers);
  });
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
