// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// The name of an image: `[registry/]repository[:tag][@digest]`.
///
/// The grammar, after the distribution project's `reference` and the OCI distribution specification 1.1:
///
///     registry   = host [ ":" port ]          it has a "." or a ":" in it, or is "localhost", or has a capital letter
///     repository = part { "/" part }          at most 255 bytes with its registry
///     part       = alnum { ( "." | "_" | "__" | "-"… ) alnum }     lower case and digits
///     tag        = word { word | "." | "-" }  at most 128 bytes, word being a letter, digit or "_"
///     digest     = "sha256:" 64 hexadecimal digits
///
/// A familiar name is completed as Docker does it: `hello` is `docker.io/library/hello:latest`. ``description`` is the short form again, `hello:latest`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    public static let defaultRegistry = "docker.io"
    public static let defaultTag = "latest"

    public let registry: String
    public let repository: String
    /// Nil only where there is a digest instead.
    public let tag: String?
    public let digest: Digest?

    /// - Throws: ``ImageReferenceError`` with a sentence that says what is wrong.
    public init(_ text: String) throws(ImageReferenceError) {
        func refuse(_ reason: String) -> ImageReferenceError { ImageReferenceError(reference: String(text.prefix(300)), reason: reason) }
        guard !text.isEmpty else { throw refuse("it is empty") }
        guard text.utf8.count <= 600 else { throw refuse("it is longer than 600 bytes") }
        var name = Substring(text)
        var digest: Digest?
        if let at = name.firstIndex(of: "@") {
            digest = Digest(String(name[name.index(after: at)...]))
            guard digest != nil else { throw refuse("what follows '@' is not 'sha256:' and 64 hexadecimal digits") }
            name = name[..<at]
        }
        var tag: String?
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") {
            tag = String(name[name.index(after: colon)...])
            guard let tag, Self.isTag(tag) else {
                throw refuse("a tag is 1 to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'")
            }
            name = name[..<colon]
        }
        guard !name.isEmpty else { throw refuse("it names no repository") }
        var registry = Self.defaultRegistry
        if let slash = name.firstIndex(of: "/"), Self.looksLikeRegistry(name[..<slash]) {
            registry = String(name[..<slash])
            name = name[name.index(after: slash)...]
            guard Self.isRegistry(registry) else { throw refuse("'\(registry)' is not a host name with an optional port") }
        }
        if registry == "index.docker.io" { registry = Self.defaultRegistry }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy(Self.isRepositoryPart) else {
            throw refuse(
                "a repository is of lower-case letters and digits, with '.', '_', '__' or '-' between them, and '/' between its parts")
        }
        let repository = registry == Self.defaultRegistry && parts.count == 1 ? "library/\(name)" : String(name)
        guard registry.utf8.count + 1 + repository.utf8.count <= 255 else {
            throw refuse("registry and repository are longer than 255 bytes")
        }
        self.registry = registry
        self.repository = repository
        self.tag = tag ?? (digest == nil ? Self.defaultTag : nil)
        self.digest = digest
    }

    /// The name without tag and digest, short: `hello`, `example.org/team/hello`.
    public var familiarName: String {
        guard registry == Self.defaultRegistry else { return "\(registry)/\(repository)" }
        // A first part that would be taken for a registry needs the real one before it, or the short form would name another image.
        if let slash = repository.firstIndex(of: "/"), Self.looksLikeRegistry(repository[..<slash]) { return "\(registry)/\(repository)" }
        let short = repository.dropFirst(8)
        return repository.hasPrefix("library/") && !short.contains("/") ? String(short) : repository
    }

    /// The short form with tag and digest: `hello:latest`.
    public var description: String { familiarName + suffix }

    /// The long form: `docker.io/library/hello:latest`.
    public var full: String { "\(registry)/\(repository)" + suffix }

    private var suffix: String { (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }
}

/// Why some text is not an image reference.
public struct ImageReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
    public var reference: String
    public var reason: String

    public var description: String { "'\(reference)' is not an image reference: \(reason)" }
}
