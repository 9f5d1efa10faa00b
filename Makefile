# redisrs: what a user and a developer run. `make help` lists it.

CARGO   ?= cargo
# The names of the GNU conventions are taken, too: make install prefix=/usr libdir=/usr/lib64
PREFIX  ?= $(or $(prefix),/usr/local)
LIBDIR  ?= $(or $(libdir),$(PREFIX)/lib)
INCLUDEDIR := $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
DESTDIR ?=
# CARGO_TARGET_DIR is honoured, as cargo does.
TARGET  := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The interface's version (docs/abi.md), which the soname carries: the major one, below 1.0 the minor one too.
INTERFACE := $(shell echo $(VERSION) | awk -F. '{ print ($$1 > 0 ? $$1 : "0." $$2) }')
HEADERS := $(shell cd include && find . -name '*.h' -o -name '*.hpp' -o -name '*.cpp' | sed 's|^\./||' | sort)

.PHONY: help run build test test-sanitizers lint fmt bench c_examples header check-header oracle stress tsan asan loom miri fuzz install install-built uninstall abi docs cross consumers clean

help: ## List the targets
	@grep -hE '^[a-z_-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

run: build ## Build the release server and serve: PORT (default 6379), ARGS (any others)
	$(RELEASE)/redisrs-server $(if $(findstring command,$(origin PORT)),--port $(PORT)) $(ARGS)

build: ## Build server, cli, libredisrs.a and libredisrs.so (release)
	@command -v $(firstword $(CARGO)) >/dev/null || { \
		echo "redisrs is built with cargo, which is not here: install Rust 1.88 or newer, with rustup for example" >&2; exit 1; }
	$(CARGO) build --release
	sh src/ffi/prelink.sh $(RELEASE)/libredisrs.a
	ln -sf libredisrs.so $(RELEASE)/libredisrs.so.$(INTERFACE)

test: ## Run everything: Rust tests, C examples, header check, comparison with redis-server
	sh tests/run.sh

lint: ## Check formatting and clippy
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

fmt: ## Format the Rust code
	$(CARGO) fmt

bench: build ## Compare with the peers that are installed; then the cost of calls in process (about 15 minutes)
	python3 benches/compare.py --ours $(RELEASE)/redisrs-server
	$(MAKE) -C benches inprocess

c_examples: ## Build and run every program in c_examples/
	$(MAKE) -C c_examples run

header: ## Regenerate include/redisrs.h
	$(MAKE) -C c_examples header

check-header: ## Fail if include/redisrs.h is not what the source generates
	$(MAKE) -C c_examples check-header

oracle: ## Compare with the real redis-server for as long as ORACLE_SEEDS says (default: 24 seeds of 20,000 commands)
	ORACLE_SEEDS=$${ORACLE_SEEDS:-24} ORACLE_COMMANDS=$${ORACLE_COMMANDS:-20000} \
		$(CARGO) test --release --test oracle -- --nocapture

stress: ## Concurrency stress with invariants, longer than in `make test`
	STRESS_ROUNDS=$${STRESS_ROUNDS:-50} $(CARGO) test --release --test stress

tsan: ## The concurrency stress and the C programs under ThreadSanitizer (nightly)
	sh tests/sanitize.sh thread

asan: ## Unit tests, stress and the C programs under AddressSanitizer and UBSan (nightly)
	sh tests/sanitize.sh address

test-sanitizers: ## Both, one after the other (docs/building.md)
	sh tests/sanitize.sh address
	sh tests/sanitize.sh thread

loom: ## The lock-free parts under loom
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=$(TARGET)/loom $(CARGO) test --no-default-features --lib model

miri: ## Unit tests of the storage under Miri, where it is installed
	$(CARGO) +nightly miri test --no-default-features --lib keyspace

fuzz: ## Fuzz every reader for FUZZ_SECONDS each (default 60)
	sh tests/fuzz.sh $${FUZZ_SECONDS:-60}

abi: ## Record the interface of include/redisrs.h in tests/c/abi.txt (docs/abi.md)
	python3 tests/c/abi.py update

docs: ## The reference of the C interface as HTML (doxygen): target/doc/c/html
	sh docs/reference.sh $(TARGET)/doc/c

cross: ## Compile-check every other target that is installed
	sh tests/cross.sh

consumers: build ## Install the release build and use it with make, CMake and Meson
	sh tests/consumers/run.sh $(CURDIR) $(abspath $(RELEASE)) $(abspath $(TARGET))

install: build ## Install libraries, headers, programs, man pages, pkg-config and CMake files under PREFIX
	@$(MAKE) --no-print-directory install-built

# What is in RELEASE already, built with whatever options; packagers call this one. Names may have spaces in them.
# Directories that exist are left as they are, which `install -d` would not do.
install-built: absolute
	install -D -m 755 -t "$(DESTDIR)$(PREFIX)/bin" "$(RELEASE)/redisrs-server" "$(RELEASE)/redisrs-cli"
	set -e; for header in $(HEADERS); do install -D -m 644 include/$$header "$(DESTDIR)$(INCLUDEDIR)/$$header"; done
	install -D -m 644 -t "$(DESTDIR)$(LIBDIR)" "$(RELEASE)/libredisrs.a"
	set -e; if [ -e "$(RELEASE)/libredisrs.so" ]; then \
		install -D -m 755 "$(RELEASE)/libredisrs.so" "$(DESTDIR)$(LIBDIR)/libredisrs.so.$(VERSION)"; \
		ln -sf libredisrs.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/libredisrs.so.$(INTERFACE)"; \
		ln -sf libredisrs.so.$(INTERFACE) "$(DESTDIR)$(LIBDIR)/libredisrs.so"; \
	else echo "there is no shared library in $(RELEASE): installed without it" >&2; fi
	set -e; libdir="$(LIBDIR)"; \
	from_prefix=$${libdir#"$(PREFIX)/"}; [ "$$from_prefix" = "$$libdir" ] || libdir="\$${prefix}/$$from_prefix"; \
	escape() { printf '%s' "$$1" | sed 's/ /\\\\ /g'; }; \
	for file in include/redisrs.pc cmake/redisrs-config.cmake cmake/redisrs-config-version.cmake; do \
		case $$file in *.pc) to=pkgconfig ;; *) to=cmake/redisrs ;; esac; \
		to="$(DESTDIR)$(LIBDIR)/$$to/$${file##*/}"; \
		install -D -m 644 $$file.in "$$to"; \
		sed -e "s|@PREFIX@|$$(escape "$(PREFIX)")|g" -e "s|@LIBDIR@|$$(escape "$$libdir")|g" \
			-e 's|@VERSION@|$(VERSION)|g' -e 's|@INTERFACE@|$(INTERFACE)|g' \
			-e "s|@PREFIX_FROM_HERE@|$$(realpath -m --relative-to="$(LIBDIR)/cmake/redisrs" "$(PREFIX)")|g" \
			$$file.in >"$$to"; done
	set -e; for page in docs/man/*.[1-8]; do \
		install -D -m 644 $$page "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; done
	@# The loader finds the new library at once where the system lets us tell it; a packager's tools do that themselves.
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || PATH="$$PATH:/sbin:/usr/sbin" ldconfig 2>/dev/null || true

uninstall: absolute ## Remove what `make install` has put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/redisrs-server" "$(DESTDIR)$(PREFIX)/bin/redisrs-cli"
	for header in $(HEADERS); do rm -f "$(DESTDIR)$(INCLUDEDIR)/$$header"; done
	rmdir "$(DESTDIR)$(INCLUDEDIR)/byor" 2>/dev/null || true
	rm -f "$(DESTDIR)$(LIBDIR)/libredisrs.a" "$(DESTDIR)$(LIBDIR)/libredisrs.so"
	rm -f "$(DESTDIR)$(LIBDIR)/libredisrs.so.$(INTERFACE)" "$(DESTDIR)$(LIBDIR)/libredisrs.so.$(VERSION)"
	rm -f "$(DESTDIR)$(LIBDIR)/pkgconfig/redisrs.pc"
	rm -rf "$(DESTDIR)$(LIBDIR)/cmake/redisrs"
	for page in docs/man/*.[1-8]; do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; done

# Other programs read these from files, wherever they run.
.PHONY: absolute
absolute:
	@case "$(PREFIX)" in /*) ;; *) echo "PREFIX must begin with /: $(PREFIX)" >&2; exit 1 ;; esac
	@case "$(LIBDIR)" in /*) ;; *) echo "LIBDIR must begin with /: $(LIBDIR)" >&2; exit 1 ;; esac

clean: ## Remove everything built
	$(CARGO) clean
	$(MAKE) -C c_examples clean
