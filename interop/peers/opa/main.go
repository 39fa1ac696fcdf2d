// Command opa answers requests about Rego with the real Open Policy Agent, so that tests can compare with it.
// One JSON request a line on stdin, one JSON answer a line on stdout, in order.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"
)

// Request is one question. Op is check, eval or partial.
type Request struct {
	Op       string            `json:"op"`
	Modules  map[string]string `json:"modules"`
	Query    string            `json:"query"`
	Input    json.RawMessage   `json:"input"`
	Data     json.RawMessage   `json:"data"`
	Unknowns []string          `json:"unknowns"`
	Strict   bool              `json:"strict"`
	// Capabilities lists the builtins that may be used; all when absent.
	Capabilities []string `json:"capabilities"`
	// Functions are builtins that only need to be known by type: name to number of arguments, all of type any.
	Functions map[string]int `json:"functions"`
	// StrictBuiltinErrors makes the first error of a builtin the result.
	StrictBuiltinErrors bool  `json:"strictBuiltinErrors"`
	V0                  bool  `json:"v0"`
	TimeNs              int64 `json:"timeNs"`
	TimeoutMs           int   `json:"timeoutMs"`
}

// Problem is one error with its place.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Row     int    `json:"row,omitempty"`
	Col     int    `json:"col,omitempty"`
	Text    string `json:"text"`
}

// Answer holds what the operation found.
type Answer struct {
	Errors  []Problem        `json:"errors,omitempty"`
	Results []map[string]any `json:"results"`
	Queries []string         `json:"queries,omitempty"`
	Support []string         `json:"support,omitempty"`
	Millis  float64          `json:"millis"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			writeAnswer(out, line)
		}
		if err != nil {
			return
		}
	}
}

func writeAnswer(out *bufio.Writer, line []byte) {
	var request Request
	var answer Answer
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	start := time.Now()
	if err := decoder.Decode(&request); err != nil {
		answer.Errors = problems(err)
	} else {
		answer = respond(&request)
	}
	answer.Millis = float64(time.Since(start).Microseconds()) / 1000
	text, err := json.Marshal(answer)
	if err != nil {
		text, _ = json.Marshal(Answer{Errors: problems(err)})
	}
	_, _ = out.Write(text)
	_ = out.WriteByte('\n')
	_ = out.Flush()
}

func respond(request *Request) (answer Answer) {
	defer func() {
		if r := recover(); r != nil {
			answer = Answer{Errors: []Problem{{Code: "panic", Message: fmt.Sprint(r)}}}
		}
	}()
	switch request.Op {
	case "check":
		return check(request)
	case "eval":
		return evaluate(request)
	case "partial":
		return partial(request)
	default:
		return Answer{Errors: []Problem{{Code: "request", Message: "unknown op " + request.Op}}}
	}
}

func version(request *Request) ast.RegoVersion {
	if request.V0 {
		return ast.RegoV0
	}
	return ast.RegoV1
}

func capabilities(request *Request) *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(version(request)))
	if request.Capabilities != nil {
		allowed := map[string]bool{}
		for _, name := range request.Capabilities {
			allowed[name] = true
		}
		kept := all.Builtins[:0]
		for _, builtin := range all.Builtins {
			if allowed[builtin.Name] {
				kept = append(kept, builtin)
			}
		}
		all.Builtins = kept
	}
	names := make([]string, 0, len(request.Functions))
	for name := range request.Functions {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		args := make([]types.Type, request.Functions[name])
		for i := range args {
			args[i] = types.A
		}
		all.Builtins = append(all.Builtins, &ast.Builtin{Name: name, Decl: types.NewFunction(args, types.A)})
	}
	return all
}

func parse(request *Request, caps *ast.Capabilities) (map[string]*ast.Module, ast.Errors) {
	var failed ast.Errors
	parsed := map[string]*ast.Module{}
	names := make([]string, 0, len(request.Modules))
	for name := range request.Modules {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		module, err := ast.ParseModuleWithOpts(name, request.Modules[name], ast.ParserOptions{
			ProcessAnnotation: true,
			RegoVersion:       version(request),
			Capabilities:      caps,
		})
		if err != nil {
			var several ast.Errors
			var one *ast.Error
			switch {
			case errors.As(err, &several):
				failed = append(failed, several...)
			case errors.As(err, &one):
				failed = append(failed, one)
			default:
				failed = append(failed, ast.NewError(ast.ParseErr, nil, "%s", err.Error()))
			}
			continue
		}
		parsed[name] = module
	}
	return parsed, failed
}

func compile(request *Request) (*ast.Compiler, ast.Errors) {
	caps := capabilities(request)
	parsed, failed := parse(request, caps)
	if len(failed) > 0 {
		return nil, failed
	}
	compiler := ast.NewCompiler().
		WithStrict(request.Strict).
		WithEnablePrintStatements(true).
		WithCapabilities(caps).
		WithDefaultRegoVersion(version(request))
	compiler.Compile(parsed)
	if compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}

func check(request *Request) Answer {
	compiler, failed := compile(request)
	if len(failed) > 0 {
		return Answer{Errors: problems(failed)}
	}
	if request.Query == "" {
		return Answer{Results: []map[string]any{}}
	}
	body, err := ast.ParseBodyWithOpts(request.Query, ast.ParserOptions{RegoVersion: version(request), SkipRules: true, Capabilities: compiler.Capabilities()})
	if err != nil {
		return Answer{Errors: problems(err)}
	}
	if _, err := compiler.QueryCompiler().WithStrict(request.Strict).WithEnablePrintStatements(true).Compile(body); err != nil {
		return Answer{Errors: problems(err)}
	}
	return Answer{Results: []map[string]any{}}
}

func options(request *Request, compiler *ast.Compiler) ([]func(*rego.Rego), error) {
	result := []func(*rego.Rego){
		rego.Compiler(compiler),
		rego.Query(request.Query),
		rego.StrictBuiltinErrors(request.StrictBuiltinErrors),
		rego.SetRegoVersion(version(request)),
		rego.EnablePrintStatements(true),
	}
	if request.TimeNs != 0 {
		result = append(result, rego.Time(time.Unix(0, request.TimeNs)))
	}
	if len(request.Input) > 0 {
		value, err := ast.ValueFromReader(bytes.NewReader(request.Input))
		if err != nil {
			return nil, err
		}
		result = append(result, rego.ParsedInput(value))
	}
	if len(request.Data) > 0 {
		store, err := newStore(request.Data)
		if err != nil {
			return nil, err
		}
		result = append(result, rego.Store(store))
	}
	return result, nil
}

func withTimeout(request *Request) (context.Context, context.CancelFunc) {
	limit := time.Duration(request.TimeoutMs) * time.Millisecond
	if limit == 0 {
		limit = 10 * time.Second
	}
	return context.WithTimeout(context.Background(), limit)
}

func evaluate(request *Request) Answer {
	compiler, failed := compile(request)
	if len(failed) > 0 {
		return Answer{Errors: problems(failed)}
	}
	opts, err := options(request, compiler)
	if err != nil {
		return Answer{Errors: problems(err)}
	}
	ctx, cancel := withTimeout(request)
	defer cancel()
	results, err := rego.New(opts...).Eval(ctx)
	if err != nil {
		return Answer{Errors: problems(err)}
	}
	answer := Answer{Results: []map[string]any{}}
	for _, result := range results {
		answer.Results = append(answer.Results, result.Bindings)
	}
	return answer
}

func partial(request *Request) Answer {
	compiler, failed := compile(request)
	if len(failed) > 0 {
		return Answer{Errors: problems(failed)}
	}
	opts, err := options(request, compiler)
	if err != nil {
		return Answer{Errors: problems(err)}
	}
	opts = append(opts, rego.Unknowns(request.Unknowns))
	ctx, cancel := withTimeout(request)
	defer cancel()
	found, err := rego.New(opts...).Partial(ctx)
	if err != nil {
		return Answer{Errors: problems(err)}
	}
	var answer Answer
	for _, query := range found.Queries {
		answer.Queries = append(answer.Queries, query.String())
	}
	for _, module := range found.Support {
		answer.Support = append(answer.Support, module.String())
	}
	return answer
}

func problems(err error) []Problem {
	var several ast.Errors
	if errors.As(err, &several) {
		found := make([]Problem, 0, len(several))
		for _, one := range several {
			found = append(found, problem(one))
		}
		return found
	}
	var fromRego rego.Errors
	if errors.As(err, &fromRego) {
		var found []Problem
		for _, one := range fromRego {
			found = append(found, problems(one)...)
		}
		return found
	}
	var one *ast.Error
	if errors.As(err, &one) {
		return []Problem{problem(one)}
	}
	var evaluation *topdown.Error
	if errors.As(err, &evaluation) {
		found := Problem{Code: evaluation.Code, Message: evaluation.Message, Text: evaluation.Error()}
		if evaluation.Location != nil {
			found.File, found.Row, found.Col = evaluation.Location.File, evaluation.Location.Row, evaluation.Location.Col
		}
		return []Problem{found}
	}
	return []Problem{{Code: "other", Message: err.Error(), Text: err.Error()}}
}

func problem(err *ast.Error) Problem {
	found := Problem{Code: err.Code, Message: err.Message, Text: err.Error()}
	if err.Location != nil {
		found.File, found.Row, found.Col = err.Location.File, err.Location.Row, err.Location.Col
	}
	return found
}
