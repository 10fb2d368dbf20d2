/** A published command line of `wasmtime serve`. */
export interface PublishedLine {
  /** Repository and path, or the address of an issue. */
  readonly source: string;
  /** As published, but without line breaks and without variables for the component. */
  readonly line: string;
  /** The beginnings of the warnings that it causes here. */
  readonly warnings?: readonly string[];
}

const TESTS = 'bytecodealliance/wasmtime tests/all/cli_tests.rs';
const ONLY_0_2 = '-S p3, -W component-model-async: only components of WASI 0.2 are supported';
const COMPILED = "Node's V8 compiles guests";

export const PUBLISHED_LINES: readonly PublishedLine[] = [
  { source: 'wasmcp/wasmcp README.md', line: 'wasmtime serve -Scli -Skeyvalue -Shttp server.wasm' },
  { source: 'wasmcp/wasmcp README.md', line: 'wasmtime serve -Scli -Skeyvalue -Shttp combined-server.wasm' },
  {
    source: 'wasmcp/wasmcp .github/workflows/test-templates.yml',
    line: 'wasmtime serve -Shttp -Skeyvalue -Scli --env WASMCP_DISABLE_SSE=true mcp-server.wasm',
  },
  {
    source: 'wasmcp/wasmcp .github/workflows/release-cli.yml',
    line: 'wasmtime serve -Scli -Shttp -Skeyvalue server.wasm',
  },
  { source: 'wasmcp/wasmcp docs/resources/building-servers.md', line: 'wasmtime serve -Scli combined.wasm' },
  { source: 'wasmcp/wasmcp docs/resources/composition-modes.md', line: 'wasmtime serve test-server.wasm' },
  {
    source: 'wasmcp/wasmcp docs/resources/registry.md',
    line: 'wasmtime serve -Scli ~/.config/wasmcp/composed/dev.wasm',
  },
  {
    source: 'wasmcp/compose-example Makefile',
    line: 'wasmtime serve --addr 0.0.0.0:8081 -Scli component.wasm',
  },
  { source: 'bytecodealliance/wasmtime docs/cli-options.md', line: 'wasmtime serve foo.wasm' },
  {
    source: 'bytecodealliance/wasmtime docs/cli-options.md',
    line: 'wasmtime serve --addr=0.0.0.0:8081 foo.wasm',
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm --shutdown-addr=127.0.0.1:0 --env=FOO=bar --env=BAR -Scli',
    warnings: ['--env BAR: not set in this shell'],
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm --shutdown-addr=127.0.0.1:0 --env=FOO=bar --env=BAR=baz "--header=env: FOO" "--header=env: BAR" "--header=expect-env-count: 2" -Scli',
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Scli -Shttp-outgoing-body-buffer-chunks=2 -Shttp-outgoing-body-chunk-size=1024',
  },
  { source: TESTS, line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Scli --no-logging-prefix' },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Scli -Sconfig -Sconfig-var=hello=world',
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Scli -Skeyvalue -Skeyvalue-in-memory-data=hello=world',
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Wcomponent-model-async -Sp3,cli --max-instance-reuse-count=1',
    warnings: [ONLY_0_2],
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Wcomponent-model-async -Sp3,cli --max-instance-concurrent-reuse-count=1',
    warnings: [ONLY_0_2],
  },
  {
    source: TESTS,
    line: 'wasmtime serve --addr=127.0.0.1:0 api.wasm -Scli --max-instance-reuse-count=128',
  },
  {
    source: 'https://github.com/bytecodealliance/wasmtime/issues/11814',
    line: 'wasmtime serve -Wtimeout=1s component.wasm',
  },
  {
    source: 'https://github.com/bytecodealliance/wasmtime/issues/8773',
    line: 'wasmtime serve ./my-component.wasm --profile=guest',
    warnings: ['--profile: profile with node --cpu-prof'],
  },
  {
    source: 'https://github.com/bytecodealliance/wasmtime/issues/8504',
    line: 'wasmtime serve -W max-table-elements=20000 target/stripped.wasm',
    warnings: ['-W max-table-elements: there is no such limit'],
  },
  {
    source: 'https://github.com/bytecodealliance/wasmtime/issues/8607',
    line: 'wasmtime serve -O pooling-allocator=n target/wasm32-wasi/debug/hello_wasi_http.wasm',
    warnings: [`-O pooling-allocator: ${COMPILED}`],
  },
  {
    source: 'https://github.com/bytecodealliance/componentize-py/issues/94',
    line: 'wasmtime serve -O pooling-allocator=n -S cli component.wasm',
    warnings: [`-O pooling-allocator: ${COMPILED}`],
  },
  {
    source: 'https://github.com/bytecodealliance/cargo-component/pull/308',
    line: 'wasmtime serve -S common -S http component.wasm',
  },
  {
    source: 'bytecodealliance/wstd examples/http_server_proxy.rs',
    line: 'wasmtime serve -Scli -Shttp --env TARGET_URL=https://example.com/ target/wasm32-wasip2/debug/examples/http_server_proxy.wasm',
  },
  {
    source: 'bytecodealliance/wstd test-programs/src/lib.rs',
    line: 'wasmtime serve -Scli --addr=127.0.0.1:8081 guest.wasm',
  },
  {
    source:
      'bytecodealliance/component-docs component-model/src/language-support/using-http-in-components/rust.md',
    line: 'wasmtime serve -Scli -Shttp target/wasm32-wasip2/release/wasm-http-hello-world.wasm',
  },
  {
    source: 'bytecodealliance/component-docs component-model/src/running-components/wasmtime.md',
    line: 'wasmtime serve -Sp3 -W component-model-async=y file.wasm',
    warnings: [ONLY_0_2],
  },
  {
    source: 'bytecodealliance/componentize-py examples/http/README.md',
    line: 'wasmtime serve -Scli http.wasm',
  },
  {
    source: 'bytecodealliance/componentize-py examples/http-p3/README.md',
    line: 'wasmtime serve -Scommon http.wasm',
  },
  {
    source: 'bytecodealliance/StarlingMonkey README.md',
    line: 'wasmtime serve -S cli --dir . index.wasm',
  },
  {
    source: 'bytecodealliance/StarlingMonkey tests/test.sh',
    line: 'wasmtime serve -S common --addr 0.0.0.0:0 test.wasm',
  },
  {
    source: 'leptos-rs/leptos_wasi README.md',
    line: 'wasmtime serve -W component-model-async=y -S p3=y -S cli=y -S http=y target/server/wasm32-wasip2/release/your_crate.wasm',
    warnings: [ONLY_0_2],
  },
  {
    source: 'leptos-rs/leptos_wasi README.md',
    line: 'wasmtime serve target/server/wasm32-wasip2/release/your_crate.wasm -Scommon',
  },
  {
    source: 'leptos-rs/leptos_wasi examples/counter/Makefile',
    line: 'wasmtime serve -W component-model-async=y -S p3=y -S cli=y -S http=y --dir=./target/site/pkg::/ --dir=./data::/data --env=LEPTOS_OUTPUT_NAME=counter --env=LEPTOS_SITE_ROOT=/ --env=LEPTOS_SITE_PKG_DIR=pkg --addr 127.0.0.1:3000 target/wasmtime/wasm32-wasip2/release/counter.wasm',
    warnings: [ONLY_0_2],
  },
  {
    source: 'leptos-rs/leptos_wasi tests/e2e.rs',
    line: 'wasmtime serve -S cli=y --dir tests/test-app/static::/static app.wasm --addr 127.0.0.1:0',
  },
  {
    source: 'bytecodealliance/sample-wasi-http-rust README.md',
    line: 'wasmtime serve -Scli -Shttp target/wasm32-wasip2/release/sample_wasi_http_rust.wasm',
  },
  {
    source: 'wasmCloud/go templates/component/http-hello-world/README.md',
    line: 'wasmtime serve -Scommon ./build/http_hello_world_s.wasm',
  },
  {
    source: 'bytecodealliance/jco examples/components/http-hello-world/README.md',
    line: 'wasmtime serve -S common http-hello-world.wasm',
  },
];
