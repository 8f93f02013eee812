// certified.mjs - the certified provider of identities `oidc-provider`, for oidc.py.
//
// node certified.mjs PORT CLIENT SECRET REDIRECT; its own login page takes any name and password.
import { createRequire } from 'node:module';
import path from 'node:path';

const [port, client, secret, redirect, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules, '..', 'x.js'));
let Provider;
try {
  ({ default: Provider } = await import(require.resolve('oidc-provider')));
} catch {
  console.log('absent');
  process.exit(0);
}
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [redirect],
    token_endpoint_auth_method: 'client_secret_basic' }],
  cookies: { keys: ['for a test'] },
  pkce: { required: () => true },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
