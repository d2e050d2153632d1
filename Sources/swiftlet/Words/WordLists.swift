// SPDX-License-Identifier: Apache-2.0

/// Options that take several words: `--command python3 --args -m http.server 9000`.
///
/// The rule: such an option takes every word up to the next option *of the same verb*, or the end; so a word may begin with a dash, and the names
/// of functions and folders come before it. A word that is itself an option of the verb is given as `--args=--port`. Each option may be repeated.
package enum WordLists {
    struct Verb {
        var path: [String]
        /// Options that take several words.
        var lists: Set<String>
        /// All other options: they end a list.
        var others: Set<String>
    }

    static let verbs: [Verb] = [
        Verb(path: ["function", "create"], lists: lists, others: functionOptions),
        Verb(path: ["function", "update"], lists: lists, others: functionOptions),
        Verb(
            path: ["image", "pack"], lists: lists,
            others: ["--port", "--user", "--working-directory", "--name", "--output", "-o", "--help", "-h", "--version"]),
    ]

    private static let lists: Set<String> = ["--command", "--args", "--env"]
    private static let functionOptions: Set<String> = [
        "--image", "--port", "--health-path", "--memory", "--cpu", "--timeout", "--concurrency", "--max-instances", "--idle-timeout",
        "--layer", "--no-layers", "--capability", "--seccomp-profile", "--internet-access", "--dns",
        "--disk", "--health-delay", "--health-period", "--health-timeout", "--health-failures", "--health-successes", "--initializer",
        "--pre-stop", "--web-server-mode", "--on-demand", "--role", "--tag",
        "--registry-user", "--registry-password-stdin", "--registry-insecure", "--registry-ca",
        "--description",
        "--json", "--no-wait", "--host", "--help", "-h", "--version",
    ]

    package static var verbPaths: [[String]] { verbs.map(\.path) }

    /// Every option of a verb, by all its names.
    package static func options(of path: [String]) -> Set<String> {
        verbs.first { $0.path == path }.map { $0.lists.union($0.others) } ?? []
    }

    /// Rewrites each list into `--args=WORD` for every word, which the parser takes as it is.
    package static func expand(_ arguments: [String]) -> [String] {
        guard let verb = verbs.first(where: { arguments.starts(with: $0.path) }) else { return arguments }
        var result = verb.path
        var list: String?
        var taken = 0
        for word in arguments.dropFirst(verb.path.count) {
            let name = word.prefix { $0 != "=" }
            let isOption = verb.lists.contains(String(name)) || verb.others.contains(String(name))
            if !isOption, let list {
                // The parser takes `--args=` for an option whose value was forgotten.
                result += word.isEmpty ? [list, ""] : ["\(list)=\(word)"]
                taken += 1
                continue
            }
            // A list without a word is left for the parser to complain about.
            if let list, taken == 0 { result.append(list) }
            list = verb.lists.contains(word) ? word : nil
            taken = 0
            if list == nil { result.append(word) }
        }
        if let list, taken == 0 { result.append(list) }
        return result
    }
}
