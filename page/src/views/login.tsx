import { useState } from 'preact/hooks';
import { type ApiError, hasToken } from '../api/client.ts';
import { Failure } from '../parts/dialog.tsx';

interface LoginProps {
  readonly rejection: ApiError;
  readonly onToken: (token: string) => void;
}

/** In the place of everything else while the API refuses this client. */
export function Login({ rejection, onToken }: LoginProps) {
  const [token, setToken] = useState('');
  const [wasWrong] = useState(hasToken());

  function submit(event: Event): void {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim());
  }

  if (rejection.status === 403) {
    return (
      <main class="login">
        <h1>This page is not available here</h1>
        <p role="alert">{rejection.message}</p>
      </main>
    );
  }
  return (
    <main class="login">
      <h1>wasmcp-node</h1>
      <form onSubmit={submit}>
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            autofocus
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p class="hint">
          The content of the file that the server was given with <code>--admin-token-file</code>. This tab
          keeps it until it is closed.
        </p>
        <Failure message={wasWrong ? 'The server does not accept this token.' : undefined} />
        <button type="submit" class="primary">
          Log in
        </button>
      </form>
    </main>
  );
}
