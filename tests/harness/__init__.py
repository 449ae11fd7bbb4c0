"""What the black-box tests share: throwaway servers, the leat process, a bad network, the workload, the oracle."""
