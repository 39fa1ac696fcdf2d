// Command dockerfile answers which sources BuildKit's own Dockerfile frontend fetches for a build, so that tests can
// compare with it. One JSON request a line on stdin, one JSON answer a line on stdout, in order. Nothing is fetched: a
// gateway that records what it is asked for stands in the place of the daemon.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// Request is one build.
type Request struct {
	Dockerfile    string                     `json:"dockerfile"`
	Opts          map[string]string          `json:"opts"`
	BuildPlatform string                     `json:"buildPlatform"`
	Configs       map[string]json.RawMessage `json:"configs"`
	// Whether Dockerfile.dockerignore exists.
	OwnDockerignore bool `json:"ownDockerignore"`
}

// Source is one source operation or metadata request.
type Source struct {
	Identifier string            `json:"identifier"`
	Attrs      map[string]string `json:"attrs,omitempty"`
	Platform   string            `json:"platform,omitempty"`
}

// Answer holds the sources, or why the build is refused.
type Answer struct {
	Sources []Source `json:"sources,omitempty"`
	Refused string   `json:"refused,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var request Request
			if err := json.Unmarshal(line, &request); err != nil {
				fmt.Fprintln(os.Stderr, "malformed request:", err)
				os.Exit(2)
			}
			answer, err := json.Marshal(run(request))
			if err != nil {
				panic(err)
			}
			out.Write(answer)
			out.WriteByte('\n')
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}

func run(request Request) (answer Answer) {
	defer func() {
		if r := recover(); r != nil {
			answer = Answer{Refused: fmt.Sprint("panic: ", r)}
		}
	}()
	build, err := platforms.Parse(request.BuildPlatform)
	if err != nil {
		return Answer{Refused: err.Error()}
	}
	g := &gateway{request: request, platform: build, seen: map[string]bool{}, opts: map[string]string{}}
	for k, v := range request.Opts {
		g.opts[k] = v
	}
	if _, err := builder.Build(context.Background(), g); err != nil {
		return Answer{Refused: err.Error()}
	}
	return Answer{Sources: g.sources}
}

type gateway struct {
	request  Request
	platform ocispecs.Platform
	opts     map[string]string
	mu       sync.Mutex
	seen     map[string]bool
	sources  []Source
}

func (g *gateway) record(op *pb.SourceOp, platform *ocispecs.Platform) {
	source := Source{Identifier: op.Identifier, Attrs: op.Attrs}
	if strings.HasPrefix(op.Identifier, "docker-image://") || strings.HasPrefix(op.Identifier, "oci-layout://") {
		if platform == nil {
			platform = &g.platform
		}
		source.Platform = platforms.FormatAll(*platform)
	}
	key, err := json.Marshal(source)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.seen[string(key)] {
		g.seen[string(key)] = true
		g.sources = append(g.sources, source)
	}
}

func (g *gateway) config(ref string) []byte {
	if config, ok := g.request.Configs[ref]; ok {
		return config
	}
	return []byte(`{"os":"linux","architecture":"amd64","config":{"Cmd":["/bin/true"]},"rootfs":{"type":"layers","diff_ids":["sha256:` + strings.Repeat("0", 64) + `"]}}`)
}

func (g *gateway) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if layout := opt.OCILayoutOpt; layout != nil {
		g.record(&pb.SourceOp{
			Identifier: "oci-layout://" + ref,
			Attrs:      map[string]string{pb.AttrOCILayoutStoreID: layout.Store.StoreID},
		}, layout.Platform)
		return ref, "", g.config(ref), nil
	}
	var platform *ocispecs.Platform
	if opt.ImageOpt != nil {
		platform = opt.ImageOpt.Platform
	}
	g.record(&pb.SourceOp{Identifier: "docker-image://" + ref}, platform)
	return ref, "", g.config(ref), nil
}

func (g *gateway) ResolveSourceMetadata(ctx context.Context, op *pb.SourceOp, opt sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	if ref, ok := strings.CutPrefix(op.Identifier, "docker-image://"); ok {
		_, _, config, err := g.ResolveImageConfig(ctx, ref, opt)
		if err != nil {
			return nil, err
		}
		return &sourceresolver.MetaResponse{Op: op, Image: &sourceresolver.ResolveImageResponse{Config: config}}, nil
	}
	g.record(op, nil)
	response := &sourceresolver.MetaResponse{Op: op}
	if strings.HasPrefix(op.Identifier, "git://") {
		response.Git = &sourceresolver.ResolveGitResponse{}
	}
	return response, nil
}

func (g *gateway) Solve(ctx context.Context, request client.SolveRequest) (*client.Result, error) {
	if request.Frontend == "gateway.v0" {
		return g.forward(ctx, request.FrontendOpt["source"])
	}
	if request.Definition != nil {
		for _, dt := range request.Definition.Def {
			var op pb.Op
			if err := op.Unmarshal(dt); err != nil {
				return nil, err
			}
			if source := op.GetSource(); source != nil {
				var platform *ocispecs.Platform
				if op.Platform != nil {
					p := op.Platform.Spec()
					platform = &p
				}
				g.record(source, platform)
			}
		}
	}
	result := client.NewResult()
	result.SetRef(&files{g: g})
	return result, nil
}

// forward does what the gateway frontend does with the image that a file names, which is taken for this same frontend.
func (g *gateway) forward(ctx context.Context, ref string) (*client.Result, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil, err
	}
	g.record(&pb.SourceOp{
		Identifier: "docker-image://" + reference.TagNameOnly(named).String(),
		Attrs:      map[string]string{pb.AttrImageRecordType: "frontend"},
	}, nil)
	return builder.Build(ctx, g)
}

func (g *gateway) BuildOpts() client.BuildOpts {
	return client.BuildOpts{
		Opts:      g.opts,
		SessionID: "session",
		Workers:   []client.WorkerInfo{{Platforms: []ocispecs.Platform{g.platform}}},
		LLBCaps:   pb.Caps.CapSet(pb.Caps.All()),
		Caps:      gwpb.Caps.CapSet(gwpb.Caps.All()),
	}
}

func (g *gateway) Inputs(context.Context) (map[string]llb.State, error) { return nil, nil }

func (g *gateway) NewContainer(context.Context, client.NewContainerRequest) (client.Container, error) {
	return nil, fs.ErrInvalid
}

func (g *gateway) Warn(context.Context, digest.Digest, string, client.WarnOpts) error { return nil }

// files is what any source holds: the Dockerfile, and an archive where a context was downloaded.
type files struct{ g *gateway }

func (f *files) ReadFile(_ context.Context, request client.ReadRequest) ([]byte, error) {
	switch {
	case request.Filename == "Dockerfile":
		return []byte(f.g.request.Dockerfile), nil
	case request.Filename == "Dockerfile.dockerignore" && f.g.request.OwnDockerignore:
		return []byte("ignored\n"), nil
	case request.Filename == "Dockerfile.dockerignore", request.Filename == ".dockerignore", request.Filename == "dockerfile":
		return nil, fs.ErrNotExist
	case request.Filename == "context":
		return []byte{0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0}, nil
	}
	return []byte("no archive"), nil
}

func (f *files) ToState() (llb.State, error)    { return llb.Scratch(), nil }
func (f *files) Evaluate(context.Context) error { return nil }
func (f *files) StatFile(context.Context, client.StatRequest) (*fstypes.Stat, error) {
	return nil, fs.ErrNotExist
}
func (f *files) ReadDir(context.Context, client.ReadDirRequest) ([]*fstypes.Stat, error) {
	return nil, fs.ErrNotExist
}
