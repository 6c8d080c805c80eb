"""x"""
def main() -> None:
    print("hello")
