// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

/// Where the hosts of a cluster keep their definitions together.
public protocol DefinitionSharing: Sendable {
    /// Stores a definition, or that it was deleted, unless another host has changed it since `revision`.
    ///
    /// - Parameters:
    ///   - definition: nil where it was deleted.
    ///   - revision: the one that was changed; 0 for none.
    /// - Throws: where it could not be stored, or nobody knows.
    func put(_ key: DefinitionKey, _ definition: JSONValue?, over revision: Int64) async throws -> SharedPut
}

/// What became of a definition that was to be stored.
public enum SharedPut: Sendable {
    case stored(revision: Int64)
    /// Another host was first, and this is what it made of it.
    case overtaken(by: JSONValue?, revision: Int64)
}
