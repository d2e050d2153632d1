// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import OCI

extension RunnableVersion {
    /// Merges what the image says of its program with what the function says.
    ///
    /// The rules are Docker's: an entrypoint of the function replaces the image's ENTRYPOINT and drops its CMD, which belonged to that entrypoint; a
    /// command of the function replaces CMD. Variables of the function replace those of the image. User and working directory are the image's.
    /// - Throws: ``ServiceError`` with code `InvalidArgument` where nothing is left to run.
    public init(
        key: Key, configuration: FunctionConfiguration, manifest: Digest, layers: [Digest], image: ImageConfiguration.Execution?
    ) throws(ServiceError) {
        let entrypoint = configuration.entrypoint ?? image?.entrypoint ?? []
        let command = configuration.command ?? (configuration.entrypoint == nil ? image?.cmd ?? [] : [])
        let arguments = entrypoint + command
        guard let program = arguments.first, !program.isEmpty else {
            throw .invalidArgument(
                "image '\(configuration.image)' has neither ENTRYPOINT nor CMD; set customContainerConfig.entrypoint or customContainerConfig.command"
            )
        }
        self.init(
            key: key, configuration: configuration, manifest: manifest, layers: layers, arguments: arguments,
            environment: Self.environment(
                image: image?.env ?? [], function: configuration.environment, hasLayers: !configuration.layers.isEmpty),
            workingDirectory: image?.workingDir ?? "", user: image?.user ?? "")
    }

    /// The image's variables in the order it gives them, each replaced by the function's of the same name; then the function's others by name.
    ///
    /// Entries of the image without a name are left out: no program could read them.
    static func environment(image: [String], function: [String: String], hasLayers: Bool = false) -> [String] {
        var names: [String] = []
        var values: [String: String] = [:]
        for entry in image {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty else { continue }
            if values.updateValue(parts.count > 1 ? String(parts[1]) : "", forKey: String(name)) == nil { names.append(String(name)) }
        }
        for name in function.keys.sorted() where values.updateValue(function[name] ?? "", forKey: name) == nil { names.append(name) }
        if values["PATH"] == nil {
            names.append("PATH")
            values["PATH"] = defaultPath
        }
        for variable in hasLayers ? LayerPaths.variables(over: values, function: function) : []
        where values.updateValue(variable.value, forKey: variable.name) == nil { names.append(variable.name) }
        return names.map { "\($0)=\(values[$0] ?? "")" }
    }

    /// What a program finds in `PATH` where neither image nor function sets it. Source: what Docker gives such images.
    private static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
