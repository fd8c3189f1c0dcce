class AoaiProbe < Formula
  desc "Says which hop of the private path to Azure OpenAI breaks, and why"
  homepage "@URL@"
  # From source on every system: a Mac's own linker and frameworks are needed.
  url "@URL@/aoai-probe-@VERSION@-source.tar.gz"
  sha256 "@SHA256:aoai-probe-@VERSION@-source.tar.gz@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    generate_completions_from_executable(bin/"aoai-probe", "generate", "completions")
    (man1/"aoai-probe.1").write Utils.safe_popen_read(bin/"aoai-probe", "generate", "man")
  end

  test do
    # 64: wrong use, before anything is asked.
    assert_match "no [[target]]", shell_output("#{bin}/aoai-probe check --config /dev/null 2>&1", 64)
  end
end
