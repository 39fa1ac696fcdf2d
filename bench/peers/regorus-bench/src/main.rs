//! Evaluates prepared Rego rules with regorus and says how long it took. Requests and answers as those of opa-bench.
use anyhow::{Context, Result, bail};
use cpu_time::ProcessTime;
use regorus::{CompiledPolicy, Engine, Value};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Duration;

struct Prepared {
    policy: CompiledPolicy,
    input: Value,
}

fn main() -> Result<()> {
    let mut prepared = HashMap::new();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = handle(&line?, &mut prepared).unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn handle(line: &str, prepared: &mut HashMap<String, Prepared>) -> Result<Json> {
    let request: Json = serde_json::from_str(line)?;
    let name = request["name"].as_str().unwrap_or_default().to_string();
    match request["op"].as_str() {
        Some("prepare") => {
            let rule = request["query"].as_str().context("query")?;
            let mut engine = engine(&request)?;
            let policy = engine.compile_with_entrypoint(&rule.to_string().into())?;
            let input = Value::from_json_str(&request["input"].to_string())?;
            let value = policy.eval_with_input(input.clone())?;
            prepared.insert(name, Prepared { policy, input });
            Ok(json!({ "value": serde_json::from_str::<Json>(&value.to_json_str()?)? }))
        }
        Some("run") => {
            let Prepared { policy, input } = prepared.get(&name).context("not prepared")?;
            repeat(&request, || policy.eval_with_input(input.clone()).map(drop))
        }
        Some("compile") => {
            let rule = request["query"].as_str().context("query")?;
            repeat(&request, || engine(&request)?.compile_with_entrypoint(&rule.to_string().into()).map(drop))
        }
        op => bail!("unknown op {op:?}"),
    }
}

/// Runs until the processor has worked for the time asked; batches double, so that looking at the clock costs nothing.
fn repeat(request: &Json, mut run: impl FnMut() -> Result<()>) -> Result<Json> {
    let limit = Duration::from_millis(request["milliseconds"].as_u64().unwrap_or(100));
    let start = ProcessTime::now();
    let mut iterations = 0u64;
    while start.elapsed() < limit {
        for _ in 0..iterations.max(1) {
            run()?;
        }
        iterations += iterations.max(1);
    }
    Ok(json!({ "iterations": iterations, "nanoseconds": start.elapsed().as_nanos() as u64 }))
}

fn engine(request: &Json) -> Result<Engine> {
    let mut engine = Engine::new();
    for (name, text) in request["modules"].as_object().context("modules")? {
        engine.add_policy(name.clone(), text.as_str().context("text")?.to_string())?;
    }
    if request["data"].is_object() {
        engine.add_data(Value::from_json_str(&request["data"].to_string())?)?;
    }
    Ok(engine)
}
