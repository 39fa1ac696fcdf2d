// opa-bench evaluates prepared Rego queries with OPA and says how long it took.
//
// Requests and answers are JSON, one a line:
//
//	{"op":"prepare","name":"a","modules":{"a.rego":"..."},"query":"data.bench.result","data":{},"input":{}} -> {"value":...}
//	{"op":"run","name":"a","milliseconds":100}                                                              -> {"iterations":n,"nanoseconds":n}
//	{"op":"compile","modules":{"a.rego":"..."},"query":"data.large.allow","milliseconds":100}               -> {"iterations":n,"nanoseconds":n}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

type request struct {
	Op           string            `json:"op"`
	Name         string            `json:"name"`
	Modules      map[string]string `json:"modules"`
	Query        string            `json:"query"`
	Data         json.RawMessage   `json:"data"`
	Input        json.RawMessage   `json:"input"`
	Milliseconds int               `json:"milliseconds"`
}

type prepared struct {
	query rego.PreparedEvalQuery
	input ast.Value
}

func main() {
	runtime.GOMAXPROCS(1)
	queries := map[string]*prepared{}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		answer, err := handle(line, queries)
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		if err := out.Encode(answer); err != nil {
			return
		}
	}
}

func handle(line []byte, queries map[string]*prepared) (any, error) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, err
	}
	ctx := context.Background()
	switch r.Op {
	case "prepare":
		p, err := prepare(ctx, r)
		if err != nil {
			return nil, err
		}
		queries[r.Name] = p
		rs, err := p.query.Eval(ctx, rego.EvalParsedInput(p.input))
		if err != nil {
			return nil, err
		}
		if len(rs) == 0 {
			return map[string]any{}, nil
		}
		return map[string]any{"value": rs[0].Expressions[0].Value}, nil
	case "run":
		p := queries[r.Name]
		if p == nil {
			return nil, fmt.Errorf("%s was not prepared", r.Name)
		}
		return repeat(r.Milliseconds, func() error {
			_, err := p.query.Eval(ctx, rego.EvalParsedInput(p.input))
			return err
		})
	case "compile":
		// all that stands between the text and the first evaluation
		return repeat(r.Milliseconds, func() error {
			_, err := rego.New(options(r)...).PrepareForEval(ctx)
			return err
		})
	}
	return nil, fmt.Errorf("unknown op %q", r.Op)
}

// repeat runs until the processor has worked for the time asked, all threads together; batches double, so that looking at
// the clock costs nothing.
func repeat(milliseconds int, run func() error) (any, error) {
	limit := int64(milliseconds) * int64(time.Millisecond)
	n, start := 0, cpuTime()
	for cpuTime()-start < limit {
		batch := max(n, 1)
		for range batch {
			if err := run(); err != nil {
				return nil, err
			}
		}
		n += batch
	}
	return map[string]any{"iterations": n, "nanoseconds": cpuTime() - start}, nil
}

func cpuTime() int64 {
	var usage syscall.Rusage
	// of this process it cannot fail
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func options(r request) []func(*rego.Rego) {
	all := []func(*rego.Rego){rego.Query(r.Query)}
	for name, text := range r.Modules {
		all = append(all, rego.Module(name, text))
	}
	return all
}

func prepare(ctx context.Context, r request) (*prepared, error) {
	data := map[string]any{}
	if len(r.Data) > 0 {
		if err := util.UnmarshalJSON(r.Data, &data); err != nil {
			return nil, err
		}
	}
	var input any
	if err := util.UnmarshalJSON(r.Input, &input); err != nil {
		return nil, err
	}
	parsed, err := ast.InterfaceToValue(input)
	if err != nil {
		return nil, err
	}
	query, err := rego.New(append(options(r), rego.Store(inmem.NewFromObject(data)))...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return &prepared{query: query, input: parsed}, nil
}
