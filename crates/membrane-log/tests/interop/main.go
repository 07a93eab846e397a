// Checks a published log with golang.org/x/mod/sumdb, the code behind Go's checksum database: another
// implementation, by other people, in another language.
//
//	main.go answers
//	    prints roots and proofs of sample trees; tests/interop/answers.txt holds them
//	main.go check FOLDER VKEY WITNESS_VKEY PROOF_FILE ENTRY_FILE REQUEST_FILE OLD_ROOT
//	    checks the log in a folder, a tlog-proof, and the consistency proof of an add-checkpoint request
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "answers" {
		printAnswers()
		return
	}
	if len(os.Args) != 9 || os.Args[1] != "check" {
		fail("arguments", fmt.Errorf("see the comment"))
	}
	check(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6], os.Args[7], os.Args[8])
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func demand(ok bool, what string) {
	if !ok {
		fail(what, fmt.Errorf("differs"))
	}
}

// Hashes in memory, by storage index.
type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = s[index]
	}
	return hashes, nil
}

func (s *storage) add(n int64, entry []byte) {
	hashes, err := tlog.StoredHashes(n, entry, *s)
	fail("hash an entry", err)
	*s = append(*s, hashes...)
}

func printAnswers() {
	var s storage
	var size int64
	for _, next := range []int64{1, 2, 3, 255, 256, 257, 1000, 65535, 65536, 70000} {
		for ; size < next; size++ {
			s.add(size, []byte(fmt.Sprintf("entry %d", size)))
		}
		root, err := tlog.TreeHash(size, s)
		fail("root", err)
		fmt.Printf("root %d %v\n", size, root)
		for _, index := range []int64{0, size / 2, size - 1} {
			proof, err := tlog.ProveRecord(size, index, s)
			fail("prove a record", err)
			fmt.Printf("record %d %d%s\n", size, index, spaced(proof))
		}
		for _, old := range []int64{1, size/2 + 1, size} {
			proof, err := tlog.ProveTree(size, old, s)
			fail("prove a tree", err)
			fmt.Printf("tree %d %d%s\n", size, old, spaced(proof))
		}
	}
}

func spaced(hashes []tlog.Hash) string {
	var text strings.Builder
	for _, hash := range hashes {
		fmt.Fprintf(&text, " %v", hash)
	}
	return text.String()
}

func check(folder, vkey, witnessVkey, proofFile, entryFile, requestFile, oldRoot string) {
	log, err := note.NewVerifier(vkey)
	fail("verifier key", err)
	witness := newWitness(witnessVkey)
	size, root := open(read(filepath.Join(folder, "checkpoint")), log, witness)
	fmt.Printf("checkpoint of %d entries: signed by %s and %s\n", size, log.Name(), witness.Name())

	hashes := rebuild(folder, size)
	rebuilt, err := tlog.TreeHash(size, hashes)
	fail("root", err)
	demand(rebuilt == root, "the root of the entries")
	fmt.Printf("%d entries: their root is the one in the checkpoint\n", size)

	count := 0
	for _, tile := range tlog.NewTiles(8, 0, size) {
		// NewTiles has the partial tiles of all sizes in between; only those of this size have to be there.
		if tile.W < 256 && int64(tile.W) != size>>(8*tile.L)%256 {
			continue
		}
		count++
		data, err := tlog.ReadTileData(tile, hashes)
		fail("tile", err)
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		demand(bytes.Equal(data, read(filepath.Join(folder, path))), path)
	}
	fmt.Printf("%d tiles: as they follow from the entries\n", count)

	checkProof(string(read(proofFile)), read(entryFile), log, witness)
	fmt.Println("tlog-proof: holds")

	checkRequest(string(read(requestFile)), oldRoot, log, witness)
	fmt.Println("consistency proof: holds")
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	fail("read", err)
	return data
}

// open checks a checkpoint, which both have to have signed, and returns its size and root.
func open(data []byte, log, witness note.Verifier) (int64, tlog.Hash) {
	opened, err := note.Open(data, note.VerifierList(log, witness))
	fail("open the checkpoint", err)
	demand(len(opened.Sigs) == 2 && len(opened.UnverifiedSigs) == 0, "the signatures")
	lines := strings.Split(opened.Text, "\n")
	demand(len(lines) == 4 && lines[0] == log.Name() && lines[3] == "", "the lines of the checkpoint")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fail("size", err)
	root, err := tlog.ParseHash(lines[2])
	fail("root", err)
	return size, root
}

func rebuild(folder string, size int64) storage {
	var hashes storage
	for first := int64(0); first < size; first += 256 {
		width := size - first
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: int(width)}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		bundle := read(filepath.Join(folder, path))
		for n := first; n < first+width; n++ {
			length := int(binary.BigEndian.Uint16(bundle))
			hashes.add(n, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		demand(len(bundle) == 0, path)
	}
	return hashes
}

func checkProof(text string, entry []byte, log, witness note.Verifier) {
	head, checkpoint, found := strings.Cut(text, "\n\n")
	demand(found, "the empty line of the proof")
	lines := strings.Split(head, "\n")
	demand(lines[0] == "c2sp.org/tlog-proof@v1" && strings.HasPrefix(lines[1], "extra "), "the first lines")
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	fail("index", err)
	size, root := open([]byte(checkpoint), log, witness)
	fail("inclusion", tlog.CheckRecord(parse(lines[3:]), size, root, index, tlog.RecordHash(entry)))
}

func checkRequest(text, oldRoot string, log, witness note.Verifier) {
	head, checkpoint, found := strings.Cut(text, "\n\n")
	demand(found, "the empty line of the request")
	lines := strings.Split(head, "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	fail("old size", err)
	oldHash, err := tlog.ParseHash(oldRoot)
	fail("old root", err)
	size, root := open([]byte(checkpoint), log, witness)
	fail("consistency", tlog.CheckTree(parse(lines[1:]), size, root, old, oldHash))
}

func parse(lines []string) []tlog.Hash {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		fail("hash", err)
		hashes = append(hashes, hash)
	}
	return hashes
}

// A witness as c2sp.org/tlog-cosignature has it, which sumdb/note does not know.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) *cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	fail("key of the witness", err)
	demand(len(key) == 33 && key[0] == 4, "the type of the key")
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	id := binary.BigEndian.Uint32(sum[:])
	demand(fmt.Sprintf("%08x", id) == parts[1], "the id of the key")
	return &cosigner{parts[0], id, key[1:]}
}

func (w *cosigner) Name() string    { return w.name }
func (w *cosigner) KeyHash() uint32 { return w.id }

func (w *cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(w.key, []byte(message), signature[8:])
}
