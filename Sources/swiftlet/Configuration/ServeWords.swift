// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Glibc

/// Puts the words of the configuration file and of the environment before those of `serve`'s own command line.
enum ServeWords {
    static let defaultPath = "/etc/swiftlet/config.yaml"

    /// - Parameter arguments: of the whole program.
    /// - Throws: ``ConfigurationError``.
    static func expand(_ arguments: [String]) throws -> [String] {
        // The daemon behind the launcher gets every choice already made.
        guard arguments.first == "serve", getenv("SWIFTLET_LAUNCHER_FD") == nil else { return arguments }
        let given = Array(arguments.dropFirst())
        if given.contains(where: { ["-h", "--help", "--version"].contains($0) }) { return arguments }
        let configuration = try configuration()
        let environment = ProcessInfo.processInfo.environment
        var sources: [HostConfiguration.Source] = []
        if let (path, text) = try file(given, environment) { sources += try configuration.file(text, path: path) }
        sources += try configuration.environment(environment)
        for source in sources { try check(source) }
        return ["serve"] + sources.flatMap(\.words) + given
    }

    static func configuration() throws -> HostConfiguration {
        let arguments = try ToolHelp.read().command(["serve"])?.arguments ?? []
        return HostConfiguration(
            options: arguments.compactMap { argument in
                guard argument.kind != "positional", let name = argument.longName, !["help", "version", "config"].contains(name) else {
                    return nil
                }
                return .init(name, isFlag: argument.kind == "flag", isRepeating: argument.isRepeating)
            })
    }

    /// The file that was named, or the usual one where it exists.
    private static func file(_ given: [String], _ environment: [String: String]) throws -> (path: String, text: String)? {
        var named = environment["SWIFTLET_CONFIG"]
        for (index, word) in given.enumerated() {
            if word == "--config", index + 1 < given.count { named = given[index + 1] }
            if word.hasPrefix("--config=") { named = String(word.dropFirst("--config=".count)) }
        }
        let path = named ?? defaultPath
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if named == nil, errno == ENOENT { return nil }
            throw ConfigurationError("cannot read the configuration \(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
        return (path, HostFacts.text(path))
    }

    /// Each value is tried by itself, so that an error can name the place that it stands in.
    private static func check(_ source: HostConfiguration.Source) throws {
        do { _ = try ServeCommand.parse(source.words) } catch {
            throw ConfigurationError("\(source.origin): \(ServeCommand.message(for: error))")
        }
    }
}
