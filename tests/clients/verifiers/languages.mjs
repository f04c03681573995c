// Runs snippets of each language over tokens. Each takes `[{ module, code, tokens, jwks }]` and gives `{ module: { token: outcome } }`.
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";

import { directory, fresh, write } from "./snippets.mjs";

const execute = promisify(execFile);
const LIMITS = { timeout: 170_000, maxBuffer: 16 << 20 };

async function output(program, args, options = {}) {
  const { stdout } = await execute(program, args, { ...LIMITS, ...options });
  return JSON.parse(stdout);
}

async function writeCases(path, cases) {
  await write(path, JSON.stringify(cases.map(({ module, tokens, jwks }) => ({ module, tokens, jwks }))));
  return path;
}

export async function runJavaScript(cases) {
  const generated = await fresh("generated/js");
  for (const { module, code } of cases) await write(`${generated}/${module}.mjs`, code);
  return output(process.execPath, [`${directory}harness.mjs`, generated, await writeCases(`${generated}/cases.json`, cases)]);
}

export async function runPython(cases) {
  const generated = await fresh("generated/python");
  for (const { module, code } of cases) await write(`${generated}/${module}.py`, code);
  const python = process.env.MINTEDGE_TEST_PYTHON;
  return output(python, [`${directory}harness.py`, generated, await writeCases(`${generated}/cases.json`, cases)]);
}

/** One package for each, and one program of them all. */
export async function runGo(cases) {
  const generated = await fresh("go/generated");
  for (const { module, code } of cases) {
    await fresh(`go/generated/${module}`);
    await write(`${generated}/${module}/snippet.go`, code.replace("package main", `package ${module}`));
    await write(`${generated}/${module}/export.go`, `package ${module}\n\nvar Verify = verify\n`);
  }
  const imports = cases.map(({ module }) => `\t"mintedge.example/verifiers/generated/${module}"`);
  const entries = cases.map(({ module }) => `\t"${module}": ${module}.Verify,`);
  await write(`${generated}/main.go`, `${GO_MAIN.replace("IMPORTS", imports.join("\n")).replace("ENTRIES", entries.join("\n"))}`);
  const path = await writeCases(`${generated}/cases.json`, cases);
  return output("go", ["run", "-mod=mod", "./generated", path], { cwd: `${directory}go` });
}

const GO_MAIN = `package main

import (
	"context"
	"encoding/json"
	"os"

IMPORTS
)

var verifiers = map[string]func(context.Context, string) (map[string]any, error){
ENTRIES
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var cases []struct {
		Module string
		Tokens map[string]string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		panic(err)
	}
	results := map[string]map[string]string{}
	for _, c := range cases {
		results[c.Module] = map[string]string{}
		for name, token := range c.Tokens {
			claims, err := verifiers[c.Module](context.Background(), token)
			switch {
			case err != nil:
				results[c.Module][name] = err.Error()
			case claims["sub"] == nil:
				results[c.Module][name] = "no subject"
			default:
				results[c.Module][name] = "ok"
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(results)
}
`;

/** One package for each, run in one machine. One that doesn't compile, for want of an algorithm's name, takes no token. */
export async function runJava(cases) {
  const generated = await fresh("java/generated");
  const [jars, classes] = [`${generated}/jars`, `${generated}/classes`];
  await execute("mvn", ["-q", "-B", "-f", `${directory}java/pom.xml`, "dependency:copy-dependencies", `-DoutputDirectory=${jars}`], LIMITS);
  const classPath = [classes, ...(await readdir(jars)).map((jar) => `${jars}/${jar}`)].join(":");
  const compile = (source) => execute("javac", ["-cp", classPath, "-d", classes, source], LIMITS);
  for (const { module, code } of cases) {
    const source = `${await fresh(`java/generated/${module}`)}/Verifier.java`;
    await write(source, `package ${module};\n${visible(code)}`);
    await compile(source).catch(({ stderr }) => {
      if (!stderr.includes("error: cannot find symbol\n            .jwsAlgorithm(")) throw new Error(stderr);
    });
  }
  await compile(`${directory}java/Harness.java`);
  return output("java", ["-cp", classPath, "Harness", await writeCases(`${generated}/cases.json`, cases)]);
}

const visible = (code) => code
  .replace("\nclass Verifier", "\npublic class Verifier")
  .replace("    Verifier()", "    public Verifier()")
  .replace("    Map<String, Object> verify(", "    public Map<String, Object> verify(");
