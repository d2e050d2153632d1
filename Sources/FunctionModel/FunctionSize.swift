// SPDX-License-Identifier: Apache-2.0

/// How CPU and memory go together: 1 to 4 GB for each virtual CPU, CPU in steps of 0.05, memory in steps of 64 MB.
extension FunctionConfiguration {
    static func fits(cpu: Double, memory: Int) -> Bool {
        let perCPU = Double(memory) / 1024 / cpu
        return perCPU >= FunctionLimits.memoryPerCPU.lowerBound - 1e-9 && perCPU <= FunctionLimits.memoryPerCPU.upperBound + 1e-9
    }

    /// The allowed CPU nearest to `cpu` for this much memory.
    static func cpu(nearest cpu: Double, forMemory memory: Int) -> Double {
        let steps = (1...320).map { Double($0) / 20 }.filter { fits(cpu: $0, memory: memory) }
        return steps.min { abs($0 - cpu) < abs($1 - cpu) } ?? cpu
    }

    /// The allowed memory nearest to `memory` for this much CPU.
    static func memory(nearest memory: Int, forCPU cpu: Double) -> Int {
        let steps = stride(
            from: FunctionLimits.memorySize.lowerBound, through: FunctionLimits.memorySize.upperBound, by: FunctionLimits.memoryStep)
        return steps.filter { fits(cpu: cpu, memory: $0) }.min { abs($0 - memory) < abs($1 - memory) } ?? memory
    }
}
